package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/constructs"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cost"
	"example.com/strangler/test/internal/rollout"
	"example.com/strangler/test/internal/synth"
	"example.com/strangler/test/testdata/kiosk"
	"example.com/strangler/test/testdata/kiosk/orders"
	"example.com/strangler/test/testdata/shop"
)

// asShop is the app with the shop in the place of what ships, and its environments.
func asShop(t testing.TB) *synth.App {
	t.Helper()
	app := shipped(t)
	app.Catalog, app.Images = shop.Catalog(), shopImages()
	context, err := stacks.FileContext("testdata/shop/cdk.json")
	require.NoError(t, err)
	app.Context["environments"] = context["environments"]
	return app
}

// shopImages are those of the shop.
var shopImages = sync.OnceValue(func() *constructs.Images { return staged(shop.Catalog()) })

// sample is the same for a synthesis in the folder of the tests, with changes.
func sample(t testing.TB, changes ...change) *synth.App {
	t.Helper()
	app := asShop(t)
	listener := app.Context["environments"].(map[string]any)["prod"].(map[string]any)["listener"].(map[string]any)
	listener["rules"] = filepath.Join("..", listener["rules"].(string))
	for _, change := range changes {
		change(app)
	}
	return app
}

// words sets phases in both environments.
func words(pairs ...string) change {
	return func(app *synth.App) {
		for i := 0; i < len(pairs); i += 2 {
			app.Context[pairs[i]] = pairs[i+1]
		}
	}
}

// The sample synthesizes as the CDK CLI runs it, with the CDK's own validation of templates
// and the house's controls, without a finding.
func TestSampleHasNoFinding(t *testing.T) {
	t.Parallel()
	output, err := command(t, "shop", filepath.Join(t.TempDir(), "cdk.out"), asShop(t).Context).CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// Migrating the sample takes the words in cdk.json only: each step synthesizes, and changes
// the stacks whose phase it is.
func TestSampleMigratesByWords(t *testing.T) {
	var before []*assembly.Stage
	for _, step := range []struct {
		words []string
		// staging and prod are the stacks that change.
		staging, prod []string
	}{
		{words: []string{"accounts.read", "10%"}, staging: []string{"Accounts"}, prod: []string{"Accounts"}},
		{words: []string{"accounts.read", "live"}, staging: []string{"Accounts"}, prod: []string{"Accounts"}},
		{words: []string{"accounts.read", "live", "accounts", "live"}, staging: []string{"Accounts"}, prod: []string{"Accounts"}},
		{words: []string{"accounts.read", "live", "accounts", "strangled"}, staging: []string{"Web"}},
		{words: []string{"accounts.read", "live", "accounts", "strangled", "web", "drained"}, staging: []string{"Web"}},
	} {
		if before == nil {
			before = synthesized(t, sample(t)).Stages
		}
		after := synthesized(t, sample(t, words(step.words...))).Stages
		require.Len(t, after, 2)
		assert.ElementsMatch(t, step.prod, changed(before[0], after[0]), "prod at %v", step.words)
		assert.ElementsMatch(t, step.staging, changed(before[1], after[1]), "staging at %v", step.words)
		before = after
	}
}

// Every engine knows the options of the sample.
func TestEnginesKnowTheSample(t *testing.T) {
	for _, stage := range synthesized(t, sample(t)).Stages {
		for _, service := range stage.Services {
			_, err := rollout.Of(stage, service)
			assert.NoError(t, err, "%s: rollout of %s", stage.Name, service.Program())
		}
		_, err := cost.Of(stage)
		assert.NoError(t, err, "%s: cost", stage.Name)
	}
}

// In prod, where all is there already, the sample adds rules of its own to the listener and has
// no load balancer, network or monolith; in staging it has the first and the last.
func TestSampleJoinsWhatIsThere(t *testing.T) {
	for _, stage := range synthesized(t, sample(t)).Stages {
		prod := stage.Name == "shop-prod"
		for _, stack := range []string{"Edge", "Web"} {
			_, there := stage.Stack(stack)
			assert.Equal(t, !prod, there, "%s in %s", stack, stage.Name)
		}
		for range stage.Resources("AWS::EC2::VPC", "AWS::EC2::Subnet") {
			assert.Fail(t, "a network", stage.Name)
		}
		require.NotEmpty(t, stage.ListenerRules, stage.Name)
		for _, rule := range stage.ListenerRules {
			assert.Equal(t, prod, strings.HasPrefix(rule.Listener, "arn:"), "%s of %s", rule.LogicalID, stage.Name)
		}
	}
}

// The traffic of the sample fits its catalog.
func TestSampleTrafficFits(t *testing.T) {
	c, err := shop.Catalog().Complete()
	require.NoError(t, err)
	_, err = shop.Traffic().Complete(c)
	assert.NoError(t, err)
}

// The kiosk, which .ci/postgres rehearses, fits its traffic and synthesizes where it is. An error
// about its database's URL has no password.
func TestKioskSynthesizes(t *testing.T) {
	app := shipped(t)
	app.Catalog = kiosk.Catalog()
	c, err := app.Catalog.Complete()
	require.NoError(t, err)
	_, err = kiosk.Traffic().Complete(c)
	require.NoError(t, err)
	text, err := os.ReadFile("testdata/kiosk/environments.json")
	require.NoError(t, err)
	var environments map[string]any
	require.NoError(t, json.Unmarshal(text, &environments))
	app.Context["environments"] = environments
	_, err = stacks.Read(app.Context, app.Catalog)
	require.NoError(t, err)

	_, err = orders.Open("postgres://orders:hunter2@127.0.0.1:port/kiosk")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}
