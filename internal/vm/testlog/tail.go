package testlog

// tail keeps the end of a text. A nil tail is empty.
type tail struct {
	text []byte
}

// add appends to the tail stored under key.
func add[K comparable](tails map[K]*tail, key K, text string) {
	if tails[key] == nil {
		tails[key] = &tail{}
	}
	tails[key].append(text)
}

// append drops the beginning only when twice the bound is stored, so that the cost per byte
// is constant.
func (t *tail) append(text string) {
	t.text = append(t.text, text...)
	if len(t.text) > 2*MaxOutputBytes {
		t.text = append(t.text[:0], t.text[len(t.text)-MaxOutputBytes:]...)
	}
}

func (t *tail) String() string {
	if t == nil {
		return ""
	}
	if len(t.text) <= MaxOutputBytes {
		return string(t.text)
	}
	return "…" + string(t.text[len(t.text)-MaxOutputBytes:])
}
