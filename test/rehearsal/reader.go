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

// reader is a file that whoever reads the report has opened. When nobody reads it any
// more, as behind a closed pipe, gone ends the work.
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
