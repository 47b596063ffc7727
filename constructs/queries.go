package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newQueries saves queries of the service's log in Logs Insights, under the stack's
// name. The first works on any program's log, the others on the log format of this
// module's programs.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
func newQueries(scope constructs.Construct, logs awslogs.ILogGroup) {
	stack, log := *awscdk.Stack_Of(scope).StackName(), logs.LogGroupName()
	for _, query := range []struct{ id, name, text string }{
		{"LatestQuery", "latest errors", `fields @timestamp, @message
| filter @message like /(?i)error|panic|fatal/
| sort @timestamp desc
| limit 100`},
		{"RoutesQuery", "errors by route", `filter level = "ERROR"
| stats count(*) as errors, latest(error) as last by route, status
| sort errors desc`},
		{"MinutesQuery", "errors by minute", `filter level = "ERROR"
| stats count(*) as errors by bin(1m), route`},
	} {
		awslogs.NewCfnQueryDefinition(scope, &query.id, &awslogs.CfnQueryDefinitionProps{
			Name:          jsii.Sprintf("%s/%s", stack, query.name),
			QueryString:   &query.text,
			LogGroupNames: &[]any{log},
		})
	}
}
