package sys

import "encoding/binary"

// Interpreted says whether this program needs another to be executed, its ELF
// interpreter, as one does that is linked dynamically: the kernel then tells where it
// has put that (getauxval(3), AT_BASE).
func Interpreted() (bool, error) {
	const (
		base = 7
		word = 8
	)
	vector, err := ReadFile("/proc/self/auxv")
	if err != nil {
		return false, err
	}
	for ; len(vector) >= 2*word; vector = vector[2*word:] {
		if binary.NativeEndian.Uint64(vector) == base {
			return binary.NativeEndian.Uint64(vector[word:]) != 0, nil
		}
	}
	return false, nil
}
