package test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/example"
	"example.com/strangler/test/internal/synth"
)

// The catalog's name is the only one of the app: under another name no template,
// output, policy, tag, dashboard, warning or estimate has the old one, or the example's.
func TestCatalogHasTheOnlyName(t *testing.T) {
	app := neutral(t)
	old, name := app.Catalog.Name, "storehouse"
	app.Catalog.Name = name
	everyOption(app)
	a := synthesized(t, app)
	require.Len(t, a.Stages, 3, "want two environments and the stack beside them")
	for _, stage := range a.Stages {
		for _, stack := range stage.Stacks {
			assert.True(t, strings.HasPrefix(stack.Name, name+"-"), "the stack %s", stack.Name)
		}
		if stage.Name != "" {
			assert.NotContains(t, strings.ToLower(estimated(t, stage).String()), old, "the estimate of %s", stage.Name)
			assert.NotContains(t, strings.ToLower(estimated(t, stage).String()), example.Catalog().Name, "the estimate of %s", stage.Name)
		}
	}
	beside, err := a.Stage("")
	require.NoError(t, err)
	assertNoName(t, app, filepath.Dir(beside.Stacks[0].File), old)
	assertNoName(t, app, filepath.Dir(beside.Stacks[0].File), example.Catalog().Name)
}

// everyOption adds to dev an environment with all that one may have, and the roles
// that deliver both.
func everyOption(app *synth.App) {
	all := app.Context["environments"].(map[string]any)
	prod := maps.Clone(all["dev"].(map[string]any))
	maps.Copy(prod, map[string]any{
		"domains": []string{"www.example.com"}, "hostedZoneId": "Z0123456789ABC", "protected": true, "waf": true, "natGateways": 1,
		"alarmEmail": "oncall@example.com", "permissionsBoundary": "teams", "traces": true,
	})
	app.Context["environments"] = map[string]any{"dev": all["dev"], "prod": prod}
	app.Context["delivery"] = maps.Clone(deliveryContext())
	app.Context["delivery"].(map[string]any)["repository"] = "example/app" // which has a name of its own
}

// explanation is what the CDK's manifest says of a feature flag, in its own words.
var explanation = regexp.MustCompile(`"explanation": ".*"`)

// assertNoName reads the files below a folder of an assembly. What the catalog says
// of its services, such as the folder that an image is built from, is their own: it
// is taken out first, as are the place of the checkout and the CDK's explanations.
func assertNoName(t *testing.T, app *synth.App, folder, name string) {
	t.Helper()
	root, err := filepath.Abs(app.Root)
	require.NoError(t, err)
	own := []string{root, "…"}
	for _, s := range app.Catalog.All() {
		for _, word := range append([]string{s.Image.Program, s.Image.Folder, s.Image.Registry, s.Name, s.ID()}, s.Patterns()...) {
			if word != "" {
				own = append(own, word, "…")
			}
		}
	}
	around := regexp.MustCompile(`(?i).{0,60}` + regexp.QuoteMeta(name) + `.{0,60}`)
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		kept := strings.NewReplacer(own...).Replace(explanation.ReplaceAllString(string(text), ""))
		assert.Empty(t, around.FindAllString(kept, 3), path)
		assert.NotContains(t, strings.ToLower(strings.TrimPrefix(path, folder)), name)
		return err
	})
	require.NoError(t, err)
}
