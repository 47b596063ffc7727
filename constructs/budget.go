package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// newBudget publishes to the environment's topic when the month's actual or forecast
// cost of the resources with the service's tags is above the budget. It counts nothing
// until the tags are activated for cost allocation in the account.
//
// https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
func newBudget(scope constructs.Construct, props *ServiceProps) {
	var tags, filters []any
	for _, tag := range services.Tags(props.App, props.Environment, props.Service.Name) {
		// The CDK puts no tags on a budget.
		tags = append(tags, &awsbudgets.CfnBudget_ResourceTagProperty{Key: &tag.Key, Value: &tag.Value})
		filters = append(filters, &awsbudgets.CfnBudget_ExpressionProperty{
			Tags: &awsbudgets.CfnBudget_TagValuesProperty{Key: &tag.Key, Values: jsii.Strings(tag.Value)},
		})
	}
	var notifications []any
	topic := props.Topic.TopicArn()
	for _, kind := range []string{"ACTUAL", "FORECASTED"} {
		notifications = append(notifications, &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{
				NotificationType:   &kind,
				ComparisonOperator: jsii.String("GREATER_THAN"),
				Threshold:          jsii.Number(100),
				ThresholdType:      jsii.String("PERCENTAGE"),
			},
			Subscribers: []any{&awsbudgets.CfnBudget_SubscriberProperty{
				SubscriptionType: jsii.String("SNS"),
				Address:          topic,
			}},
		})
	}
	awsbudgets.NewCfnBudget(scope, jsii.String("Budget"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
			BudgetType:       jsii.String("COST"),
			TimeUnit:         jsii.String("MONTHLY"),
			BudgetLimit:      &awsbudgets.CfnBudget_SpendProperty{Amount: jsii.Number(props.Service.MonthlyBudget), Unit: jsii.String("USD")},
			Metrics:          jsii.Strings("UnblendedCost"),
			FilterExpression: &awsbudgets.CfnBudget_ExpressionProperty{And: filters},
		},
		NotificationsWithSubscribers: notifications,
		ResourceTags:                 &tags,
	})
}
