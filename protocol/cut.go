package protocol

import (
	"bytes"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// frameOverhead is an upper bound on what a Part or Plan adds to its operations: the array,
// the kind, the map, the key and the list's length.
const frameOverhead = 32

// overhead is exactly what the frame adds to that many operations.
func overhead(ops int) int {
	const around = 1 + 1 + 1 + 1 + len(opsField) // array, kind, map, key
	if ops < 1<<4 {
		return around + 1 // fixarray
	}
	return around + 3 // array 16, which holds MaxElements
}

// depthOfOps is how deeply a plan's operations are nested in their frame: in the frame's
// array, its map and the list.
const depthOfOps = 3

// opsField is the only field of Part and Plan.
const opsField = "ops"

// A Cutting holds consecutive operations of a plan, as many as fit into one frame.
type Cutting struct {
	Ops []Op
	// encoded holds the operations one after the other. The frameOverhead bytes in front of
	// them are for the beginning of the frame.
	encoded []byte
}

// Encode returns the canonical bytes of the Part or Plan that carries the operations. They
// are the bytes that the function Encode would return, but reuse what Cut has already
// encoded. They belong to the cutting and are valid until its next Encode.
func (c *Cutting) Encode(kind Kind) ([]byte, error) {
	if len(c.Ops) == 0 {
		return nil, fmt.Errorf("encode %s: no operations; allowed are 1..%d", kind, MaxElements)
	}
	var head bytes.Buffer
	encoder := msgpack.NewEncoder(&head)
	err := encodeTag(encoder, uint64(kind))
	if err == nil {
		err = encoder.EncodeMapLen(1)
	}
	if err == nil {
		err = encoder.EncodeString(opsField)
	}
	if err == nil {
		err = encoder.EncodeArrayLen(len(c.Ops))
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	start := frameOverhead - head.Len()
	copy(c.encoded[start:], head.Bytes())
	return c.encoded[start:], nil
}

// Cut divides a plan's operations so that each cutting fits into a frame: the last one
// travels as the Plan, all others as Parts. It refuses a plan that exceeds MaxPlan or
// MaxOps. After a change to an operation, Cut must be called again.
func Cut(plan []Op) ([]Cutting, error) {
	if len(plan) > MaxOps {
		return nil, fmt.Errorf("a plan of %d operations; allowed are %d", len(plan), MaxOps)
	}
	var cuttings []Cutting
	start, size, elements, total := 0, frameOverhead, 0, 0
	cutter := newCutter(len(plan))
	for i, op := range plan {
		bytes, lists, err := cutter.add(op)
		if err != nil {
			return nil, fmt.Errorf("%s (%s): %w", Describe(op, i), op.From(), err)
		}
		if i > start && (size+bytes > MaxFrame || elements+lists > MaxElements) {
			cuttings = append(cuttings, Cutting{plan[start:i], cutter.cut(bytes)})
			total += overhead(i - start)
			start, size, elements = i, frameOverhead, 0
		}
		size, elements, total = size+bytes, elements+lists, total+bytes
	}
	total += overhead(len(plan) - start)
	if total > MaxPlan {
		return nil, fmt.Errorf("a plan of %d bytes; allowed are %d", total, MaxPlan)
	}
	return append(cuttings, Cutting{plan[start:], cutter.cut(0)}), nil
}

// cutter encodes operations, one after the other, behind frameOverhead bytes.
type cutter struct {
	buffer  bytes.Buffer
	encoder *msgpack.Encoder
	op      Op
	value   value // bound to op
}

// usualSize is more than most operations take, in bytes. Memory that turns out not to be
// needed is never touched.
const usualSize = 256

func newCutter(ops int) *cutter {
	k := &cutter{buffer: *bytes.NewBuffer(make([]byte, frameOverhead, frameOverhead+min(ops*usualSize, MaxFrame)))}
	k.encoder = msgpack.NewEncoder(&k.buffer)
	k.value = operation(&k.op)
	return k
}

// add appends an operation and returns what it takes of a frame: bytes, and list elements
// including its own.
func (k *cutter) add(op Op) (size, elements int, err error) {
	before := k.buffer.Len()
	k.op = op
	if err := k.value.encode(k.encoder); err != nil {
		return 0, 0, err
	}
	added := k.buffer.Bytes()[before:]
	if len(added)+frameOverhead > MaxFrame {
		return 0, 0, fmt.Errorf("an operation of %d bytes; allowed are %d", len(added), MaxFrame-frameOverhead)
	}
	scan := scanner{data: added, depth: depthOfOps, elements: 1}
	scan = k.value.scan(scan)
	if scan.rejected != nil {
		return 0, 0, scan.rejected
	}
	return len(added), scan.elements, nil
}

// cut returns the bytes of everything added except the last operation, whose length is
// last, and keeps the bytes of that one.
func (k *cutter) cut(last int) []byte {
	all := k.buffer.Bytes()
	at := len(all) - last
	k.buffer = bytes.Buffer{}
	k.buffer.Write(make([]byte, frameOverhead))
	k.buffer.Write(all[at:])
	return all[:at:at]
}
