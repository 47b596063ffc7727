package main

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"example.com/strangler/services"
)

// writeRules writes all rules of a listener to a file, as "aws elbv2 describe-rules" prints
// them. It writes nothing that synthesis would not read.
func writeRules(ctx context.Context, account aws.Config, listener, file string) error {
	var all struct{ Rules []types.Rule }
	pages := elbv2.NewDescribeRulesPaginator(elbv2.NewFromConfig(account), &elbv2.DescribeRulesInput{ListenerArn: &listener})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		all.Rules = append(all.Rules, page.Rules...)
	}
	if len(all.Rules) == 0 {
		return errors.New("the listener has no rules, not even a default action")
	}
	text, err := indented(all)
	if err != nil {
		return err
	}
	if _, err := services.ParseTheirs(text); err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
