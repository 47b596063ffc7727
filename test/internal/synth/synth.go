// Package synth synthesizes the app inside the calling process, which is much
// faster than the CDK CLI when it happens often. The caller closes jsii.
package synth

import (
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/example"
)

// App is the input of a synthesis.
type App struct {
	// Root is the module's folder.
	Root string
	// Staging is the folder that Synthesize stages images in, as constructs.StageImages does.
	Staging string
	// Context is the context in cdk.json, which the CDK CLI passes to the app.
	Context map[string]any
	// Catalog is the catalog before its defaults are filled in.
	Catalog services.Catalog
	// Images are the staged images of the catalog. Nil means that Synthesize stages them.
	Images *constructs.Images
}

// Shipped returns the app in a folder: its cdk.json and the example's catalog. It fails
// when it cannot read cdk.json.
func Shipped(root string) (*App, error) {
	context, err := stacks.FileContext(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	stacks.RootRules(context, root)
	return &App{Root: root, Staging: filepath.Join(root, ".build"), Context: context, Catalog: example.Catalog()}, nil
}

// OnItsOwn gives every environment a network and a load balancer of its own, with the same ways
// out, in the place of those that are there already.
func (a *App) OnItsOwn() {
	environments, _ := a.Context["environments"].(map[string]any) // Synthesize refuses what is none
	for _, e := range environments {
		environment, _ := e.(map[string]any)
		if vpc, _ := environment["vpc"].(map[string]any); vpc["internet"] == true {
			environment["natGateways"] = 1
		}
		delete(environment, "vpc")
		delete(environment, "listener")
	}
}

// Synthesize writes the assembly to a folder and reads it back. It fails when the
// context or the catalog is invalid, an image cannot be staged, a template breaks a
// control, or the assembly cannot be read.
func (a *App) Synthesize(folder string) (*assembly.Assembly, error) {
	app, err := stacks.Read(a.Context, a.Catalog)
	if err != nil {
		return nil, err
	}
	if a.Images == nil {
		a.Images = constructs.StageImages(a.Root, a.Staging, app.Catalog.All())
	}
	if err := a.Images.Wait(); err != nil {
		return nil, err
	}
	return a.Compose(folder, func(cdk awscdk.App) { app.Compose(cdk, a.Images) })
}

// Compose synthesizes what compose adds to a CDK app of the same context, and fails as
// Synthesize does. It leaves out the CDK's built-in validation of templates, which takes
// 4 s each time, the report of warnings, which the CLI prints, and the tree and the stack traces
// of constructs, which nothing reads. Images stay where they are staged instead of being copied to the folder.
func (a *App) Compose(folder string, compose func(app awscdk.App)) (*assembly.Assembly, error) {
	skipValidation()
	context := maps.Clone(a.Context)
	context["@aws-cdk/core:annotationsInValidationReport"] = false
	context["aws:cdk:disable-asset-staging"] = true
	app := stacks.NewApp(awscdk.AppProps{
		Context: &context, Outdir: &folder, AnalyticsReporting: jsii.Bool(false),
		TreeMetadata: jsii.Bool(false), StackTraces: jsii.Bool(false),
	})
	compose(app)
	if err := stacks.Synthesize(app); err != nil {
		return nil, err
	}
	return assembly.Read(folder)
}

// skipValidation turns the CDK's built-in validation off. jsii reads the environment of
// its process when a program starts, and again after it has been closed.
var skipValidation = sync.OnceFunc(func() {
	jsii.Close()
	_ = os.Setenv("CDK_VALIDATION", "false") // fails for a malformed name only
})
