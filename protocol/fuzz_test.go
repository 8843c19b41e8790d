package protocol

import (
	"bytes"
	"testing"
)

// FuzzDecode decodes arbitrary bytes with any number of descriptors. What is accepted is
// the only encoding of its frame; a refusal says where; neither allocates more than
// MaxAllocation.
//
// SPEC: M-ENC-14, M-ENC-15
func FuzzDecode(f *testing.F) {
	for _, sample := range samples() {
		f.Add(mustEncode(f, sample.frame), uint8(sample.descriptors), uint32(every()))
	}
	for _, test := range rejections {
		if len(test.data) < 1<<10 {
			f.Add(raw(f, test.data), uint8(test.descriptors), uint32(every()))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, descriptors uint8, accept uint32) {
		var frame Frame
		var err error
		// Other goroutines of the fuzzing engine allocate a little, too.
		const engine = 1 << 20
		if bytes := allocated(func() { frame, err = Decode(data, int(descriptors), KindSet(accept)) }); bytes > MaxAllocation+engine {
			t.Errorf("%d bytes allocated for %d bytes of frame", bytes, len(data))
		}
		kind, scanned := Scan(data, int(descriptors), KindSet(accept))
		if err != nil {
			malformed, is := err.(*Malformed) //nolint:errorlint // nothing else may come
			if !is {
				t.Fatalf("error %v is no Malformed", err)
			}
			if malformed.Offset < 0 || malformed.Offset > len(data) || malformed.Reason == "" {
				t.Errorf("%d bytes: %#v", len(data), malformed)
			}
			if scanned == nil || scanned.Error() != err.Error() {
				t.Errorf("Decode says %v, Scan %v", err, scanned)
			}
			return
		}
		if scanned != nil || kind != frame.Kind() {
			t.Errorf("Decode accepts a %s, Scan says %s, %v", frame.Kind(), kind, scanned)
		}
		if !KindSet(accept).Has(kind) {
			t.Errorf("%s is accepted and was not acceptable", kind)
		}
		if want := wanted(frame); int(descriptors) != want && (kind != KindStart || descriptors > 1) {
			t.Errorf("%s is accepted with %d descriptors, not %d", kind, descriptors, want)
		}
		again, err := Encode(frame)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("accepted, yet it encodes to\n%x (error %v), not\n%x", again, err, data)
		}
	})
}
