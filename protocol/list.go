package protocol

import (
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// element binds a variable of an element's type to its wire form.
type element[T any] func(*T) value

// listValue is an array of elements of one type.
type listValue[T any] struct {
	to          *[]T
	least, most int
	one         *T    // the element being read or written; every element passes through it
	element     value // bound to one
}

func list[T any](to *[]T, least, most int, each element[T]) value {
	one := new(T)
	return listValue[T]{to, least, most, one, each(one)}
}

func (v listValue[T]) scan(s scanner) scanner {
	for range s.array(v.least, v.most) {
		s = v.element.scan(s)
		if s.rejected != nil {
			return s
		}
	}
	s.leave()
	return s
}

func (v listValue[T]) decode(d *msgpack.Decoder) error {
	count, err := d.DecodeArrayLen()
	if err != nil || count == 0 {
		*v.to = nil
		return err
	}
	*v.to = make([]T, count)
	for i := range *v.to {
		var empty T
		*v.one = empty
		if err := v.element.decode(d); err != nil {
			return err
		}
		(*v.to)[i] = *v.one
	}
	return nil
}

func (v listValue[T]) encode(e *msgpack.Encoder) error {
	if len(*v.to) < v.least || len(*v.to) > v.most {
		return outOfRange{fmt.Sprintf("a list of %d elements; allowed are %d..%d", len(*v.to), v.least, v.most)}
	}
	if err := e.EncodeArrayLen(len(*v.to)); err != nil {
		return err
	}
	for i := range *v.to {
		*v.one = (*v.to)[i]
		if err := v.element.encode(e); err != nil {
			return err
		}
	}
	return nil
}

func (v listValue[T]) describe() string {
	return fmt.Sprintf("list of %d..%d: %s", v.least, v.most, v.element.describe())
}

// Pair is a name with its value, such as a mount option or a cgroup file.
type Pair struct{ Name, Value string }

// pair is an array of two strings.
func pair(to *Pair) value { return pairValue{to} }

type pairValue struct{ to *Pair }

func (v pairValue) scan(s scanner) scanner {
	s.array(2, 2)
	s.text(1, MaxName)
	s.text(0, MaxText)
	s.leave()
	return s
}

func (v pairValue) decode(d *msgpack.Decoder) (err error) {
	if _, err = d.DecodeArrayLen(); err != nil {
		return err
	}
	if v.to.Name, err = d.DecodeString(); err != nil {
		return err
	}
	v.to.Value, err = d.DecodeString()
	return err
}

func (v pairValue) encode(e *msgpack.Encoder) error {
	if err := e.EncodeArrayLen(2); err != nil {
		return err
	}
	if err := encodeText(e, v.to.Name, 1, MaxName); err != nil {
		return err
	}
	return encodeText(e, v.to.Value, 0, MaxText)
}

func (v pairValue) describe() string {
	return fmt.Sprintf("array of a name, 1..%d bytes, and a value, 0..%d bytes", MaxName, MaxText)
}

// texts is a list of up to most strings.
func texts(to *[]string, most, mostBytes int) value {
	return list(to, 0, most, func(one *string) value { return text(one, 0, mostBytes) })
}
