// Command smoke requests every path in the catalog from a deployed environment, once,
// and checks that the program that the listener rules name has answered.
//
//	go run ./test/smoke ENVIRONMENT OUTPUTS_FILE
//
// It runs in the module's folder. The file is from cdk deploy --outputs-file. The
// output is Markdown: how far the migration is, and which program answered each path.
// The exit status is 1 when an answer is wrong.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/synth"
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	jsii.Close() // the CDK's library starts its runtime before main begins
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: smoke ENVIRONMENT OUTPUTS_FILE")
	}
	shipped, err := synth.Shipped(".")
	if err != nil {
		return err
	}
	shipped.Context["environment"] = args[0]
	app, err := stacks.Read(shipped.Context, shipped.Catalog)
	if err != nil {
		return err
	}
	environment := app.Environments[0]
	url, err := readURL(args[1], environment.StageName())
	if err != nil {
		return err
	}
	answers := request(url, probes(app.Catalog, environment.Migration, environment.Listener == nil))
	if _, err := fmt.Fprint(out, report(environment, app.Catalog, answers)); err != nil {
		return err
	}
	return wrong(answers)
}

// readURL finds the load balancer's address among the outputs, by stack and name.
func readURL(name, stage string) (string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	var outputs map[string]map[string]string
	if err := json.Unmarshal(text, &outputs); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	// Platform prints that of a listener that was there already.
	edge, platform := stage+"-Edge", stage+"-Platform"
	url := cmp.Or(outputs[edge]["Url"], outputs[platform]["Url"])
	if url == "" {
		return "", fmt.Errorf("%s: no output Url of %s or %s: deploy the environment with --outputs-file", name, edge, platform)
	}
	return url, nil
}
