package sys

import "encoding/binary"

// Interpreted reports whether this program needs an ELF interpreter, as dynamically linked
// programs do: the kernel then says where it has put it (getauxval(3), AT_BASE).
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
