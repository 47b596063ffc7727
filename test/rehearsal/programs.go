package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/region"
)

// commandsOf says how the programs start that are none of this module's.
func commandsOf(c services.Catalog) map[string]region.Command {
	commands := map[string]region.Command{}
	for _, s := range c.All() {
		if len(s.Image.Run) > 0 {
			commands[s.Name] = region.Command{Words: s.Image.Run, Folder: s.Image.Folder}
		}
	}
	return commands
}

// checkPrograms has a line for each program that nothing says how to start.
func checkPrograms(c services.Catalog) error {
	var errs []error
	for _, s := range c.All() {
		if s.Image.Program == "" && len(s.Image.Run) == 0 {
			errs = append(errs, fmt.Errorf(`%q is no Go program of this module: say in Image.Run how to start it on this machine, such as `+
				`[]string{"node", "server.js"}`, s.Name))
		}
	}
	return errors.Join(errs...)
}

// readValues reads the file of --env, if there is one.
func readValues(file string) (region.Values, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--env: %w", err)
	}
	values, err := region.ReadValues(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("--env %s: %w", file, err)
	}
	return values, nil
}
