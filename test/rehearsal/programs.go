package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

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

// checkSecrets has a line for each secret of a program that has no value on this machine. The
// monolith also has those that services take from it.
func checkSecrets(c services.Catalog, values region.Values) error {
	var errs []error
	checked := map[string]bool{}
	check := func(program string, secrets map[string]services.Secret) {
		for _, name := range slices.Sorted(maps.Keys(secrets)) {
			variable := program + "." + name
			if !values.Has(program, name) && !checked[variable] {
				checked[variable] = true
				errs = append(errs, fmt.Errorf("the secret %s of %q has no value here: write a line %s=… into a file, and name that with --env",
					name, program, variable))
			}
		}
	}
	for _, s := range c.All() {
		check(s.Name, s.Needs.Secrets)
		check(c.Monolith.Name, s.Takes.Secrets)
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
