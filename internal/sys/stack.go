package sys

// GrowStack grows the calling goroutine's stack at once to what a start needs,
// while it holds next to nothing: it would grow four times else, and each time
// all frames that are on it are looked up and moved. It is a function whose frame
// is that large and that does nothing.
func GrowStack()
