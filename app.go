// The app that the CDK CLI runs: one stage for each environment in cdk.json, and
// beside them the roles that deliver them.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/constructs"
	example "example.com/strangler/services/forum"
	"example.com/strangler/stacks"
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
	context, err := stacks.ReadContext(os.Getenv, example.Catalog())
	if err != nil {
		return err
	}
	app, err := stacks.Read(context, example.Catalog())
	if err != nil {
		return err
	}
	images := constructs.StageImages(".", ".build", app.Catalog.All())
	cdk := stacks.NewApp(awscdk.AppProps{})
	if err := images.Wait(); err != nil {
		return err
	}
	app.Compose(cdk, images)
	return stacks.Synthesize(cdk)
}
