// Command opinions checks the templates with the rule sets of others, and fails on
// each finding that explanations.go does not explain.
//
//	go run ./test/opinions nag FOLDER
//	go run ./test/opinions guard CFN_GUARD_BINARY RULES_FOLDER CDK_OUT
//
// It runs in the module's folder. The first synthesizes the app, with the cdk.json of
// a folder, under cdk-nag's AwsSolutions. The second checks the templates of an
// assembly against Control Tower's proactive controls, with the cfn-guard and the
// rules from npm's @cdklabs/cdk-validator-cfnguard.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/aws/jsii-runtime-go"
)

func main() {
	err := run(os.Args[1:])
	jsii.Close() // the CDK's library starts its runtime before main begins
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "nag":
		o, err := nagged(args[1])
		if err != nil {
			return err
		}
		return compare(o, nagExplanations())
	case len(args) == 4 && args[0] == "guard":
		o, err := guarded(args[1], args[2], args[3])
		if err != nil {
			return err
		}
		return compare(o, guardExplanations())
	}
	return errors.New("usage: opinions nag FOLDER | opinions guard CFN_GUARD_BINARY RULES_FOLDER CDK_OUT")
}
