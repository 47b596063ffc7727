// Package synth synthesizes the app inside the calling process, which is much
// faster than the CDK CLI when it happens often. The caller closes jsii.
package synth

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/forum/constructs"
	"example.com/forum/services"
	"example.com/forum/stacks"
	"example.com/forum/test/assembly"
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

// Shipped is the app as the folder has it: its cdk.json and the forum's catalog.
func Shipped(root string) (*App, error) {
	file, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	var cdk struct{ Context map[string]any }
	if err := json.Unmarshal(file, &cdk); err != nil {
		return nil, fmt.Errorf("cdk.json: %w", err)
	}
	catalog := services.Forum
	catalog.Services = slices.Clone(catalog.Services)
	return &App{Root: root, Context: cdk.Context, Catalog: catalog}, nil
}

// Synthesize writes the assembly to a folder and reads it back.
func (a *App) Synthesize(folder string) (*assembly.Assembly, error) {
	catalog, environments, err := stacks.ReadEnvironments(a.Context, a.Catalog)
	if err != nil {
		return nil, err
	}
	delivery, err := stacks.ReadDelivery(a.Context)
	if err != nil {
		return nil, err
	}
	if a.Images == nil {
		a.Images = constructs.StageImages(a.Root, filepath.Join(a.Root, ".build"), catalog.All())
	}
	if err := a.Images.Wait(); err != nil {
		return nil, err
	}
	return a.Compose(folder, func(app awscdk.App) {
		for _, e := range environments {
			stacks.NewForum(app, e, catalog, a.Images)
		}
		if delivery != nil {
			stacks.NewDelivery(app, *delivery, environments)
		}
	})
}

// Compose is Synthesize for something else than the forum, which compose adds to
// an app of the same context. It leaves out the CDK's built-in validation of
// templates, which costs 4 s each time, and the report of warnings, which the CLI
// shows; and images stay where they are staged instead of being copied to the
// folder.
func (a *App) Compose(folder string, compose func(app awscdk.App)) (*assembly.Assembly, error) {
	skipValidation()
	context := maps.Clone(a.Context)
	context["@aws-cdk/core:annotationsInValidationReport"] = false
	context["aws:cdk:disable-asset-staging"] = true
	app := awscdk.NewApp(&awscdk.AppProps{
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
