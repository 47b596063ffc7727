package server

import (
	"fmt"
	"runtime"
)

// The log has a line for each failure of the program and none for other requests: the
// load balancer counts those, and at the request rate that scaling aims at, a line
// each would cost more to store than the task costs to run. No line repeats anything
// of a body, a header, a query, a path or a record. Routes are named by their patterns.

const (
	// maxError is the length of an error in a line at most, in characters.
	maxError = 500
	// maxStack is the number of calls of a stack in a line at most.
	maxStack = 32
)

// truncate cuts an error's text to maxError.
func truncate(s string) string { return fmt.Sprintf("%.*s", maxError, s) }

// panicReason returns the text of a panic of the runtime, and of any other the type of
// its value, which may hold a part of the request.
func panicReason(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return truncate(err.Error())
	}
	return fmt.Sprintf("a value of type %T", v)
}

// stack returns the calls that led to a panic, the last one first. debug.Stack would
// add the arguments of every call.
func stack() []string {
	const skip = 4 // runtime.Callers, stack, rescue and the runtime's panic
	counters := make([]uintptr, maxStack)
	frames := runtime.CallersFrames(counters[:runtime.Callers(skip, counters)])
	var calls []string
	for {
		f, more := frames.Next()
		calls = append(calls, fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line))
		if !more {
			return calls
		}
	}
}
