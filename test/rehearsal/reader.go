package main

import (
	"io"
	"os"
)

// output is a file, or what stands before one.
type output interface {
	io.Writer
	Fd() uintptr
}

// reader is the file that the report is written to. When its other end is closed, as
// that of a pipe can be, gone ends the work.
type reader struct {
	*os.File
	gone func()
}

// Write implements io.Writer.
func (r reader) Write(text []byte) (int, error) {
	n, err := r.File.Write(text)
	if err != nil {
		r.gone()
	}
	return n, err
}
