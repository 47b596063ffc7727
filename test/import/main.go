// Command import prints what cdk.json says of what is there already, from an account.
//
//	go run ./test/import [--region REGION] vpc VPC_ID
//	go run ./test/import [--region REGION] [--file rules.json] rules LISTENER_ARN
//
// The first prints the block "vpc", and what it left out, the second writes the file that
// "listener" names in its rules. Both only read, with the credentials that the AWS CLI has.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"example.com/strangler/test/internal/account"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "import:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("want vpc and the id of a VPC, or rules and the ARN of a listener: see --help")

func run(ctx context.Context, args []string, out, notes io.Writer) error {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.SetOutput(notes)
	region := flags.String("region", "", "the AWS `region`; empty means that of the ARN, or of the AWS configuration")
	file := flags.String("file", "rules.json", "the `file` that rules are written to")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() != 2 {
		return errUsage
	}
	what, id := flags.Arg(0), flags.Arg(1)
	if err := checkID(what, id); err != nil {
		return err
	}
	if named, err := arn.Parse(id); err == nil && *region == "" {
		*region = named.Region
	}
	read := map[string]func(aws.Config) error{
		"vpc":   func(at aws.Config) error { return printVPC(ctx, at, id, out, notes) },
		"rules": func(at aws.Config) error { return writeRules(ctx, at, id, *file) },
	}[what]
	signedIn, err := account.SignIn(ctx, *region)
	if err != nil {
		return err
	}
	return account.Explained(read(signedIn))
}

// What the two read, by its id and by its ARN.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
var (
	vpcID       = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	listenerARN = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/app/[A-Za-z0-9-]+/[0-9a-f]+/[0-9a-f]+$`)
)

// checkID refuses what AWS would not find, before it asks for a region and credentials.
func checkID(what, id string) error {
	switch {
	case what != "vpc" && what != "rules":
		return errUsage
	case what == "vpc" && !vpcID.MatchString(id):
		return fmt.Errorf("vpc %q: want an id such as vpc-0123456789abcdef0, which aws ec2 describe-vpcs prints", id)
	case what == "rules" && !listenerARN.MatchString(id):
		return fmt.Errorf("rules %q: want the ARN of a listener of an Application Load Balancer, which aws elbv2 describe-listeners prints, "+
			"such as arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/0123456789abcdef/0123456789abcdef", id)
	}
	return nil
}

// indented is a value as JSON, without what is null.
func indented(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var generic any
	if err := json.Unmarshal(text, &generic); err != nil {
		return nil, err
	}
	return json.MarshalIndent(filled(generic), "", "  ")
}

// filled is a value without the nulls in it.
func filled(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if v[key] = filled(inner); v[key] == nil {
				delete(v, key)
			}
		}
	case []any:
		for i := range v {
			v[i] = filled(v[i])
		}
	}
	return value
}
