package dynamotest

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/strangler/services"
)

// pollInterval is how often Create asks whether a table is ready.
const pollInterval = 50 * time.Millisecond

// Schema is the keys of a table and of its global secondary indexes.
type Schema struct {
	Key     Key
	Indexes map[string]Key
}

// Key names attributes that are strings.
type Key struct {
	Partition string
	// Sort may be empty: no sort key.
	Sort string
}

// SchemaOf returns the schema that a service's catalog entry declares.
func SchemaOf(t services.Table) Schema {
	s := Schema{Key: Key{t.PartitionKey, t.SortKey}, Indexes: map[string]Key{}}
	for _, i := range t.Indexes {
		s.Indexes[i.Name] = Key{i.PartitionKey, i.SortKey}
	}
	return s
}

// Create creates an on-demand table whose indexes carry whole items, and
// returns when the table is ready.
func Create(ctx context.Context, client *dynamodb.Client, name string, s Schema) error {
	input := &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   s.Key.elements(),
	}
	attributes := map[string]bool{s.Key.Partition: true, s.Key.Sort: true}
	for index, key := range s.Indexes {
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName:  aws.String(index),
			KeySchema:  key.elements(),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		})
		attributes[key.Partition], attributes[key.Sort] = true, true
	}
	delete(attributes, "")
	for attribute := range attributes {
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(attribute),
			AttributeType: types.ScalarAttributeTypeS,
		})
	}
	if _, err := client.CreateTable(ctx, input); err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	return wait(ctx, client, name)
}

func wait(ctx context.Context, client *dynamodb.Client, name string) error {
	for {
		out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			return fmt.Errorf("wait for table %s: %w", name, err)
		}
		// The embedded server has no status: its tables are ready at once.
		if status := out.Table.TableStatus; status == types.TableStatusActive || status == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for table %s: %w", name, ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}

func (k Key) elements() []types.KeySchemaElement {
	elements := []types.KeySchemaElement{{AttributeName: aws.String(k.Partition), KeyType: types.KeyTypeHash}}
	if k.Sort != "" {
		elements = append(elements, types.KeySchemaElement{AttributeName: aws.String(k.Sort), KeyType: types.KeyTypeRange})
	}
	return elements
}
