package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/constructs"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cost"
	"example.com/strangler/test/internal/network"
	"example.com/strangler/test/internal/rollout"
	"example.com/strangler/test/internal/synth"
	"example.com/strangler/test/testdata/shop"
)

// sample is the app with the shop in the place of what ships, and its environments.
func sample(t testing.TB, changes ...change) *synth.App {
	t.Helper()
	app := shipped(t)
	app.Catalog = shop.Catalog()
	app.Images = constructs.StageImages("..", "../.build", app.Catalog.All())
	context, err := stacks.FileContext("testdata/shop/cdk.json")
	require.NoError(t, err)
	app.Context["environments"] = context["environments"]
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
	binary := program{catalog: "shop"}.compile(t.TempDir())
	context, err := json.Marshal(sample(t).Context)
	require.NoError(t, err)
	command := exec.Command(binary)
	command.Dir = ".."
	command.Env = append(os.Environ(),
		"CDK_CONTEXT_JSON="+string(context), "CDK_OUTDIR="+filepath.Join(t.TempDir(), "cdk.out"), "CDK_VALIDATION=true")
	output, err := command.CombinedOutput()
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
		_, err := cost.Of(stage, cost.Prices)
		assert.NoError(t, err, "%s: cost", stage.Name)
		_, err = network.Of(stage)
		assert.NoError(t, err, "%s: network", stage.Name)
		assert.NoError(t, checkNoWildcards(stage), stage.Name)
	}
}

// In prod, where all is there already, the sample adds rules of its own, what lets its tasks
// and the load balancer meet, and nothing to what others made.
func TestSampleTouchesNothingOfOthers(t *testing.T) {
	stages := synthesized(t, sample(t)).Stages
	i := slices.IndexFunc(stages, func(s *assembly.Stage) bool { return s.Name == "shop-prod" })
	require.GreaterOrEqual(t, i, 0)
	assert.NoError(t, checkTouchesOwn(stages[i]))
}

// The traffic of the sample fits its catalog.
func TestSampleTrafficFits(t *testing.T) {
	c, err := shop.Catalog().Complete()
	require.NoError(t, err)
	_, err = shop.Traffic().Complete(c)
	assert.NoError(t, err)
}
