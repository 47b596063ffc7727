package table_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

func TestOpen(t *testing.T) {
	tabletest.Connect(t, "http://localhost")
	for name, c := range map[string]struct {
		environment map[string]string
		want        string // a part of the error; empty means none
	}{
		"memory":        {map[string]string{"STORE": "memory"}, ""},
		"table":         {map[string]string{"NOTES_TABLE": "notes"}, ""},
		"neither":       {nil, "set NOTES_TABLE to the name of a DynamoDB table, or STORE=memory"},
		"both":          {map[string]string{"STORE": "memory", "NOTES_TABLE": "notes"}, "both STORE=memory and NOTES_TABLE are set"},
		"another store": {map[string]string{"STORE": "disk"}, `STORE is "disk": want memory`},
	} {
		t.Run(name, func(t *testing.T) {
			source := table.NewSource(func(name string) string { return c.environment[name] })
			_, err := table.Open(source, "NOTES_TABLE", []note{})
			if c.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.want)
			}
			assert.Equal(t, name == "neither", errors.Is(err, table.ErrNoTable), "the error is ErrNoTable")
		})
	}
}

func TestOpenSeeds(t *testing.T) {
	memory := table.NewSource(func(name string) string { return map[string]string{"STORE": "memory"}[name] })
	notes, err := table.Open(memory, "NOTES_TABLE", []note{{ID: "a", Author: "ada", Shelf: "t"}})
	require.NoError(t, err)
	_, err = notes.Get(t.Context(), "a")
	assert.NoError(t, err)
}

func TestClientWithoutRegion(t *testing.T) {
	tabletest.Connect(t, "http://localhost")
	t.Setenv("AWS_REGION", "")
	_, err := table.NewClient()
	assert.ErrorContains(t, err, "AWS_REGION is not set")
}
