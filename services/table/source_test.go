package table_test

import (
	"errors"
	"strings"
	"testing"

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
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Open = %v, want %q", err, c.want)
			}
			if got := errors.Is(err, table.ErrNoTable); got != (name == "neither") {
				t.Errorf("error is ErrNoTable: %t", got)
			}
		})
	}
}

func TestOpenSeeds(t *testing.T) {
	memory := table.NewSource(func(name string) string { return map[string]string{"STORE": "memory"}[name] })
	notes, err := table.Open(memory, "NOTES_TABLE", []note{{ID: "a", Author: "ada", Thread: "t"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notes.Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestClientWithoutRegion(t *testing.T) {
	tabletest.Connect(t, "http://localhost")
	t.Setenv("AWS_REGION", "")
	if _, err := table.NewClient(); err == nil || !strings.Contains(err.Error(), "AWS_REGION is not set") {
		t.Errorf("NewClient = %v, want a word about AWS_REGION", err)
	}
}
