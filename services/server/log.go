package server

import (
	"fmt"
	"runtime"
)

// The log has a line for what the program did wrong and none for each request:
// the load balancer counts those and, at the rate that scaling aims at, a line
// each would cost more to keep than the task costs to run. No line holds anything of a body, a header, a query, a path
// or a record; routes are named by their patterns.

const (
	// longestError is what a line holds of an error, in characters.
	longestError = 500
	// deepestStack is what a line holds of a stack, in calls.
	deepestStack = 32
)

func bounded(s string) string { return fmt.Sprintf("%.*s", longestError, s) }

// reason says what a panic was about. Its value may well be what a request held,
// so only the runtime's own errors speak for themselves.
func reason(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return bounded(err.Error())
	}
	return fmt.Sprintf("a value of type %T", v)
}

// stack returns where a panic came from, the last call first. debug.Stack would
// add the arguments of every call.
func stack() []string {
	const skip = 4 // runtime.Callers, stack, rescue and the runtime's panic
	counters := make([]uintptr, deepestStack)
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
