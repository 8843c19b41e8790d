//go:build !amd64

package supervise

var passingHere []uint32
