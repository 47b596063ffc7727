package region

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

func TestReadValues(t *testing.T) {
	values, err := ReadValues(strings.NewReader("# secrets\n\nTOKEN=one=two\r\norders.TOKEN=\"three four\"\norders-2.X='5'\nEMPTY=\n"))
	require.NoError(t, err)
	assert.Equal(t, Values{
		"": {"TOKEN": "one=two", "EMPTY": ""}, "orders": {"TOKEN": "three four"}, "orders-2": {"X": "5"},
	}, values)
	_, err = ReadValues(strings.NewReader("A=1\nhunter2\n"))
	assert.EqualError(t, err, "line 2: want NAME=value, or orders.NAME=value for the program orders alone", "the line is not repeated")
}

// A value reaches the programs that it is for, before the task definition's, and a secret
// without one is an error.
func TestFill(t *testing.T) {
	values := Values{"": {"TOKEN": "any", "LEVEL": "debug", "OTHER": "none"}, "orders": {"TOKEN": "own", "MORE": "1"}}
	fill := func(name string) (map[string]string, error) {
		environment := map[string]string{"LEVEL": "info"}
		return environment, values.fill(environment, assembly.Container{
			Name: name, Environment: map[string]string{"LEVEL": "info"}, Secrets: map[string]string{"TOKEN": "arn:aws:…"},
		})
	}
	orders, err := fill("orders")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"LEVEL": "debug", "TOKEN": "own", "MORE": "1"}, orders)
	billing, err := fill("billing")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"LEVEL": "debug", "TOKEN": "any"}, billing)
	values = nil
	_, err = fill("billing")
	assert.EqualError(t, err, `the secret TOKEN of "billing" has no value here: add billing.TOKEN=… to the file of --env`)
}
