// The app that the CDK CLI runs: one stage for each environment in cdk.json.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/forum/constructs"
	"example.com/forum/services"
	"example.com/forum/stacks"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run checks everything before it creates anything, so that a mistake in
// cdk.json or the catalog is one line and leaves no half-written assembly.
func run() error {
	defer jsii.Close()
	app := awscdk.NewApp(nil)

	catalog, err := services.Forum.Complete()
	if err != nil {
		return err
	}
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	environments, err := stacks.ReadEnvironments(context, catalog)
	if err != nil {
		return err
	}
	images, err := constructs.StageImages(".", ".build", catalog.All())
	if err != nil {
		return err
	}
	for _, environment := range environments {
		stacks.NewForum(app, environment, catalog, images)
	}
	app.Synth(nil)
	return nil
}
