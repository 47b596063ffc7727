// Package constructs says how a service is built from AWS resources.
package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// Table is a service's DynamoDB table: billed on demand, restorable to any
// second of the last 35 days, protected from deletion, and kept when its stack goes.
type Table struct {
	Table awsdynamodb.TableV2
	// Owner is the service whose table it is.
	Owner services.Service
}

// TableProps says whose table it is.
type TableProps struct {
	// Owner is a service that has a table in the catalog.
	Owner services.Service
}

// NewTable creates the table. It is encrypted under the account's AWS managed key, whose
// use CloudTrail records. A customer managed key would cost a dollar a month, and
// deleting that key would lose the table.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
func NewTable(scope constructs.Construct, id string, props *TableProps) *Table {
	keys := props.Owner.Table
	return &Table{
		Owner: props.Owner,
		Table: awsdynamodb.NewTableV2(scope, &id, &awsdynamodb.TablePropsV2{
			PartitionKey:                     attribute(keys.PartitionKey),
			SortKey:                          attribute(keys.SortKey),
			GlobalSecondaryIndexes:           indexes(keys.Indexes),
			Billing:                          awsdynamodb.Billing_OnDemand(nil),
			Encryption:                       awsdynamodb.TableEncryptionV2_AwsManagedKey(),
			PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: jsii.Bool(true)},
			DeletionProtection:               jsii.Bool(true),
			RemovalPolicy:                    awscdk.RemovalPolicy_RETAIN,
		}),
	}
}

// grant allows a role the table's own actions, on the table and its indexes by name.
// TableV2's own grants would add actions and a wildcard that no program needs.
func (t *Table) grant(to *grants) {
	arn := *t.Table.TableArn()
	resources := []string{arn}
	for _, index := range t.Owner.Table.Indexes {
		resources = append(resources, arn+"/index/"+index.Name)
	}
	var actions []string
	for _, action := range t.Owner.Table.Permissions() {
		actions = append(actions, "dynamodb:"+action)
	}
	to.allow(t.Owner.ID()+"Table", actions, resources)
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
