package main

import (
	"fmt"
	"os"
	"testing"
)

// A pipe that is closed ends the work; one that is read does not.
func TestClosedPipeEndsTheWork(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	gone := false
	r := reader{in, func() { gone = true }}
	if fmt.Fprintln(r, "read"); gone {
		t.Error("the work ends while somebody reads")
	}
	out.Close()
	if fmt.Fprintln(r, "not read"); !gone {
		t.Error("the work goes on while nobody reads")
	}
}
