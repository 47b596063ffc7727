// Package constructs says how a service is built from AWS resources.
package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/forum/services"
)

// Table is a service's DynamoDB table: billed on demand, restorable to any
// second of the last 35 days, protected from deletion, and kept when its stack goes.
type Table struct {
	Table awsdynamodb.TableV2
	// Service is the name of the service that owns the table.
	Service string

	spec services.Table
}

// TableProps says whose table it is and what its keys are.
type TableProps struct {
	Service string
	Table   services.Table
}

// NewTable creates the table.
func NewTable(scope constructs.Construct, id string, props *TableProps) *Table {
	return &Table{
		Table: awsdynamodb.NewTableV2(scope, &id, &awsdynamodb.TablePropsV2{
			PartitionKey:                     attribute(props.Table.PartitionKey),
			SortKey:                          attribute(props.Table.SortKey),
			GlobalSecondaryIndexes:           indexes(props.Table.Indexes),
			Billing:                          awsdynamodb.Billing_OnDemand(nil),
			PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: jsii.Bool(true)},
			DeletionProtection:               jsii.Bool(true),
			RemovalPolicy:                    awscdk.RemovalPolicy_RETAIN,
		}),
		Service: props.Service,
		spec:    props.Table,
	}
}

// grant allows a role the table's own actions, on the table and its indexes by
// name: TableV2's grants would add actions and a wildcard that nobody needs.
func (t *Table) grant(role awsiam.Role) {
	resources := []*string{t.Table.TableArn()}
	for _, index := range t.spec.Indexes {
		resources = append(resources, jsii.Sprintf("%s/index/%s", *t.Table.TableArn(), index.Name))
	}
	var actions []*string
	for _, action := range t.spec.Actions {
		actions = append(actions, jsii.Sprintf("dynamodb:%s", action))
	}
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: &actions, Resources: &resources}))
}

func attribute(name string) *awsdynamodb.Attribute {
	if name == "" {
		return nil
	}
	return &awsdynamodb.Attribute{Name: &name, Type: awsdynamodb.AttributeType_STRING}
}

func indexes(all []services.Index) *[]*awsdynamodb.GlobalSecondaryIndexPropsV2 {
	var props []*awsdynamodb.GlobalSecondaryIndexPropsV2
	for _, index := range all {
		props = append(props, &awsdynamodb.GlobalSecondaryIndexPropsV2{
			IndexName:    jsii.String(index.Name),
			PartitionKey: attribute(index.PartitionKey),
			SortKey:      attribute(index.SortKey),
		})
	}
	return &props
}
