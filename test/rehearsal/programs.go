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

// unstartable are the programs that nothing says how to start on this machine, by their names.
// A container engine starts any.
func unstartable(c services.Catalog, engine region.Engine) []string {
	var names []string
	for _, s := range c.All() {
		if engine == "" && s.Image.Program == "" && len(s.Image.Run) == 0 {
			names = append(names, s.Name)
		}
	}
	return names
}

// checkStart has a line for each program that cannot start, when what remains is no rehearsal:
// the monolith cannot start, no service can, or one that can calls one that cannot.
func checkStart(c services.Catalog, cannot []string) error {
	lacks := func(name string) bool { return slices.Contains(cannot, name) }
	starts := slices.ContainsFunc(c.Services, func(s services.Service) bool { return !lacks(s.Name) })
	calls := slices.ContainsFunc(c.All(), func(s services.Service) bool { return !lacks(s.Name) && slices.ContainsFunc(s.Calls, lacks) })
	if starts && !calls && !lacks(c.Monolith.Name) {
		return nil
	}
	var errs []error
	for _, name := range cannot {
		errs = append(errs, errors.New(howToStart(name)))
	}
	return errors.Join(errs...)
}

// checkChanges has a line for each service that cannot start here and has traffic before a change
// or after it.
func checkChanges(changes []change, cannot []string) error {
	var errs []error
	for _, name := range cannot {
		if slices.ContainsFunc(changes, func(c change) bool { return c.from.serves(name) || c.to.serves(name) }) {
			errs = append(errs, errors.New(howToStart(name)))
		}
	}
	return errors.Join(errs...)
}

// howToStart says what a program lacks that cannot start here.
func howToStart(name string) string {
	return fmt.Sprintf(`%q is no Go program of this module, and there is no container engine: say in Image.Run how to start it on this `+
		`machine, such as []string{"node", "server.js"}, or install docker, podman or finch`, name)
}

// checkSecrets has a line for each secret of a program that has no value on this machine, unless
// the program cannot start anyway. The monolith also has those that services take from it.
func checkSecrets(c services.Catalog, values region.Values, cannot []string) error {
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
		if !slices.Contains(cannot, s.Name) {
			check(s.Name, s.Needs.Secrets)
		}
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
