package diff

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// Another user and a writable root are a finding each, once: not while they stay, and not
// when they go.
func TestContained(t *testing.T) {
	running := func(user string, readonly bool) *assembly.Stage {
		return &assembly.Stage{
			Services: []assembly.Service{{
				Resource: assembly.Resource{Stack: "Legacy"}, Attachments: []assembly.Attachment{{Container: "legacy"}},
			}},
			TaskDefinitions: []assembly.TaskDefinition{{Containers: []assembly.Container{
				{Name: "legacy", User: user, ReadonlyRootFilesystem: readonly},
			}}},
		}
	}
	plain, relaxed := running(ordinary, true), running("1000:1000", false)
	for name, before := range map[string]*assembly.Stage{"a change": plain, "a new program": {}} {
		lines := compare(before, relaxed).contained()
		require.Len(t, lines, 2, name)
		assert.Contains(t, lines[0], "Stack `Legacy`: legacy runs as the user `1000:1000` from now on", name)
		assert.Contains(t, lines[1], "Stack `Legacy`: legacy may write to its root file system from now on", name)
	}
	for name, c := range map[string]comparison{
		"as it was":     compare(relaxed, relaxed),
		"back":          compare(relaxed, plain),
		"none of them":  compare(&assembly.Stage{}, plain),
		"all that goes": compare(relaxed, &assembly.Stage{}),
	} {
		assert.Empty(t, c.contained(), name)
	}
}
