package dynamotest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/strangler/services"
)

// pollInterval is the time between two checks of a new table's status.
const pollInterval = 50 * time.Millisecond

// Schema is the keys of a table and of its global secondary indexes.
type Schema struct {
	// Key is the table's primary key.
	Key Key
	// Indexes has the key of each global secondary index by its name.
	Indexes map[string]Key
}

// Key names the attributes of a key. They are strings.
type Key struct {
	// Partition is the attribute of the partition key.
	Partition string
	// Sort is the attribute of the sort key. Empty means none.
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

// readSchema returns the schema that the body of a CreateTable declares.
func readSchema(body []byte) *Schema {
	type index struct {
		IndexName string
		KeySchema keySchema
	}
	var input struct {
		KeySchema                                     keySchema
		GlobalSecondaryIndexes, LocalSecondaryIndexes []index
	}
	_ = json.Unmarshal(body, &input) // minidyn has read it
	s := &Schema{Key: input.KeySchema.key(), Indexes: map[string]Key{}}
	for _, i := range append(input.GlobalSecondaryIndexes, input.LocalSecondaryIndexes...) {
		s.Indexes[i.IndexName] = i.KeySchema.key()
	}
	return s
}

// keySchema is a key as DynamoDB's API has it.
type keySchema []struct{ AttributeName, KeyType string }

func (k keySchema) key() Key {
	var key Key
	for _, element := range k {
		if element.KeyType == string(types.KeyTypeHash) {
			key.Partition = element.AttributeName
		} else {
			key.Sort = element.AttributeName
		}
	}
	return key
}

// Create creates an on-demand table whose indexes project all attributes, and returns
// when it is active, or with the error of DynamoDB or the context.
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
		// The embedded server has no status: its tables are active at once.
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
