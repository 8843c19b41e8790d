package protocol

import "github.com/vmihailenco/msgpack/v5"

// objectValue is a map of fields inside a frame.
type objectValue struct{ list fields }

func (v objectValue) scan(s scanner) scanner {
	s.object(v.list)
	return s
}

func (v objectValue) decode(d *msgpack.Decoder) error { return decodeFields(d, v.list) }

func (v objectValue) encode(e *msgpack.Encoder) error { return encodeFields(e, v.list) }

func (v objectValue) describe() string {
	text := "map of "
	for i, field := range v.list {
		if i > 0 {
			text += ", "
		}
		text += field.name + " (" + field.value.describe() + ")"
	}
	return text
}
