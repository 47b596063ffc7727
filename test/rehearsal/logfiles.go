package main

import (
	"errors"
	"fmt"
	"os"

	"example.com/strangler/test/internal/accesslog"
)

// readLogs reads the access logs of a load balancer: files, and folders of them.
func readLogs(names []string) (*recording, error) {
	r := newRecording("the log")
	for _, name := range names {
		files, err := accesslog.Files(name)
		if err != nil {
			return nil, fmt.Errorf("--log: %w", err)
		}
		for _, file := range files {
			if err := r.readLog(file); err != nil {
				return nil, fmt.Errorf("--log %s: %w", file, err)
			}
		}
	}
	return r, nil
}

func (r *recording) readLog(file string) error {
	from, err := os.Open(file)
	if err != nil {
		return errors.Unwrap(err) // which names the file again
	}
	defer func() { _ = from.Close() }() // it was only read
	rejected, first, err := accesslog.Read(from, func(e accesslog.Entry) error {
		r.addEntry(e)
		return nil
	})
	if first != nil {
		r.reject(rejected, fmt.Errorf("%s: %w", file, first))
	}
	return err
}

// addEntry counts what a program has answered. The load balancer answers some itself, such as
// those that it redirects to HTTPS.
func (r *recording) addEntry(e accesslog.Entry) {
	switch {
	case e.Method == "" || e.URL == nil:
		r.leftOut["without a request line"]++
	case e.Type == "ws" || e.Type == "wss":
		r.leftOut["of WebSockets"]++
	case e.TargetGroup == "":
		r.leftOut["answered by the load balancer itself"]++
	default:
		r.add(e.Method, e.URL, [len(kept)]string{}, e.Time)
	}
}
