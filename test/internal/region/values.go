package region

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// Values are variables for programs on this machine: those of secrets, which no template has,
// and others in the place of the task definition's. The first key is a program's name, or ""
// for any program whose task definition has the variable; the second is the variable's.
type Values map[string]map[string]string

// SetValues sets the values of programs. It is called before a deployment.
func (r *Region) SetValues(values Values) { r.values = values }

// assignment is a line such as NAME=value, or orders.NAME=value for one program.
var assignment = regexp.MustCompile(`^(?:([a-z][a-z0-9-]*)\.)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// ReadValues reads values, a line each: NAME=value for every program that has the variable,
// orders.NAME=value for orders alone. Empty lines and those that begin with # are left out, and
// quotes around a value too. An error says which line is malformed, and nothing of its text,
// which may be a secret.
func ReadValues(from io.Reader) (Values, error) {
	values := Values{}
	lines := bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found := assignment.FindStringSubmatch(line)
		if found == nil {
			return nil, fmt.Errorf("line %d: want NAME=value, or orders.NAME=value for the program orders alone", n)
		}
		program, name, value := found[1], found[2], unquoted(found[3])
		if values[program] == nil {
			values[program] = map[string]string{}
		}
		values[program][name] = value
	}
	return values, lines.Err()
}

func unquoted(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(value) >= 2 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}

// Has reports whether a program has a value for a variable that its task definition has.
func (v Values) Has(program, variable string) bool {
	_, own := v[program][variable]
	_, every := v[""][variable]
	return own || every
}

// fill puts a program's values into its environment. It fails for a secret without one.
func (v Values) fill(environment map[string]string, container assembly.Container) error {
	for name, value := range v[""] {
		_, secret := container.Secrets[name]
		if _, plain := container.Environment[name]; plain || secret {
			environment[name] = value
		}
	}
	maps.Copy(environment, v[container.Name])
	for _, name := range slices.Sorted(maps.Keys(container.Secrets)) {
		if _, has := environment[name]; !has {
			return fmt.Errorf("the secret %s of %q has no value here: add %s.%s=… to the file of --env", name, container.Name, container.Name, name)
		}
	}
	return nil
}
