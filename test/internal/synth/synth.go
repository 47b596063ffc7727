// Package synth synthesizes the app inside the calling process, which is much
// faster than the CDK CLI when it happens often. The caller closes jsii.
package synth

import (
	"encoding/json"
	"fmt"
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

// App is what a synthesis starts from.
type App struct {
	// Root is the module's folder.
	Root string
	// Context is that of cdk.json, as the CDK CLI hands it to the app.
	Context map[string]any
	// Catalog is as a person writes it, not yet complete.
	Catalog services.Catalog
	// Images are those of the catalog. Nil means that Synthesize stages them.
	Images *constructs.Images
}

// Shipped is the app as the folder has it: its cdk.json and the example's catalog.
func Shipped(root string) (*App, error) {
	file, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	var cdk struct{ Context map[string]any }
	if err := json.Unmarshal(file, &cdk); err != nil {
		return nil, fmt.Errorf("cdk.json: %w", err)
	}
	return &App{Root: root, Context: cdk.Context, Catalog: example.Catalog()}, nil
}

// Synthesize writes the assembly to a folder and reads it back.
func (a *App) Synthesize(folder string) (*assembly.Assembly, error) {
	app, err := stacks.Read(a.Context, a.Catalog)
	if err != nil {
		return nil, err
	}
	if a.Images == nil {
		a.Images = constructs.StageImages(a.Root, filepath.Join(a.Root, ".build"), app.Catalog.All())
	}
	if err := a.Images.Wait(); err != nil {
		return nil, err
	}
	return a.Compose(folder, func(cdk awscdk.App) { app.Compose(cdk, a.Images) })
}

// Compose is Synthesize for something else than the app, which compose adds to
// a CDK app of the same context. It leaves out the CDK's built-in validation of
// templates, which costs 4 s each time, and the report of warnings, which the CLI
// shows; and images stay where they are staged instead of being copied to the
// folder.
func (a *App) Compose(folder string, compose func(app awscdk.App)) (*assembly.Assembly, error) {
	skipValidation()
	context := maps.Clone(a.Context)
	context["@aws-cdk/core:annotationsInValidationReport"] = false
	context["aws:cdk:disable-asset-staging"] = true
	app := stacks.NewApp(awscdk.AppProps{
		Context: &context, Outdir: &folder, AnalyticsReporting: jsii.Bool(false),
	})
	compose(app)
	if err := stacks.Synthesize(app); err != nil {
		return nil, err
	}
	return assembly.Read(folder)
}

// skipValidation turns the CDK's built-in validation off. jsii takes the
// environment for its process when a program starts, and once it has been closed
// takes it anew.
var skipValidation = sync.OnceFunc(func() {
	jsii.Close()
	os.Setenv("CDK_VALIDATION", "false")
})
