package cpio

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// MaxNameLength is the longest entry name, in bytes; the kernel skips longer ones
// (PATH_MAX in init/initramfs.c, less the closing NUL).
const MaxNameLength = 4095

// File types of the mode field, as in inode(7).
const (
	TypeRegular   = 0o100000
	TypeDirectory = 0o040000
	TypeSymlink   = 0o120000
)

const trailer = "TRAILER!!!"

// Header describes one entry. Everything belongs to uid 0 and gid 0 and has
// the time stamp 0.
type Header struct {
	// Name is relative to the root, without a leading slash.
	Name string
	// Mode is the file type and permission bits, setuid and sticky included.
	Mode uint32
	// Size is the length of the body in bytes: the file's contents, or the
	// target of a symbolic link.
	Size int64
}

// Writer writes entries to an underlying writer.
type Writer struct {
	out    io.Writer
	offset int64
	inode  uint32
}

// NewWriter returns a Writer whose archive starts at the next byte of out.
func NewWriter(out io.Writer) *Writer {
	return &Writer{out: out}
}

// WriteEntry writes one entry whose body is read from body, which must hold
// exactly header.Size bytes.
func (w *Writer) WriteEntry(header Header, body io.Reader) error {
	if err := header.validate(); err != nil {
		return err
	}
	w.inode++
	if err := w.writeHeader(header, w.inode); err != nil {
		return err
	}
	written, err := io.Copy(w.out, body)
	w.offset += written
	if err != nil {
		return fmt.Errorf("cpio: body of %s: %w", header.Name, err)
	}
	if written != header.Size {
		return fmt.Errorf("cpio: %s has %d bytes, its header says %d", header.Name, written, header.Size)
	}
	return w.pad()
}

// Close writes the trailer. It does not close the underlying writer.
func (w *Writer) Close() error {
	return w.writeHeader(Header{Name: trailer}, 0)
}

func (h Header) validate() error {
	switch {
	case h.Name == "" || h.Name == trailer || strings.HasPrefix(h.Name, "/") || strings.ContainsRune(h.Name, 0):
		return fmt.Errorf("cpio: name %q: want a relative path without NUL that is not the trailer", h.Name)
	case len(h.Name) > MaxNameLength:
		return fmt.Errorf("cpio: name of %d bytes: at most %d are allowed", len(h.Name), MaxNameLength)
	case h.Size < 0 || h.Size > math.MaxUint32:
		return fmt.Errorf("cpio: %s has %d bytes: the format holds 0 to %d", h.Name, h.Size, uint32(math.MaxUint32))
	}
	return nil
}

func (w *Writer) writeHeader(header Header, inode uint32) error {
	fields := []uint32{
		inode,
		header.Mode,
		0, // uid
		0, // gid
		1, // links
		0, // modification time
		uint32(header.Size),
		0, // major number of the device holding the file
		0, // minor number of the device holding the file
		0, // major number, for device nodes
		0, // minor number, for device nodes
		uint32(len(header.Name) + 1),
		0, // checksum, unused in this variant
	}
	var text strings.Builder
	text.WriteString("070701")
	for _, field := range fields {
		fmt.Fprintf(&text, "%08X", field)
	}
	text.WriteString(header.Name)
	text.WriteByte(0)
	written, err := io.WriteString(w.out, text.String())
	w.offset += int64(written)
	if err != nil {
		return fmt.Errorf("cpio: header of %s: %w", header.Name, err)
	}
	return w.pad()
}

func (w *Writer) pad() error {
	written, err := w.out.Write(make([]byte, (4-w.offset%4)%4))
	w.offset += int64(written)
	if err != nil {
		return fmt.Errorf("cpio: padding: %w", err)
	}
	return nil
}
