package region

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

func table(id string) assembly.Table {
	return assembly.Table{Resource: assembly.Resource{Stack: "Data", LogicalID: id}, Key: assembly.Key{Partition: "id"}}
}

func TestOutages(t *testing.T) {
	d, err := startDatabase()
	require.NoError(t, err)
	defer d.close()
	for _, id := range []string{"Orders", "Payments"} {
		require.NoError(t, d.create(t.Context(), table(id).Identity(), table(id)))
	}
	read := func(id string) error {
		client := dynamodb.New(d.client().Options(), func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
		_, err := client.GetItem(context.Background(), &dynamodb.GetItemInput{
			TableName: aws.String(tableName(table(id).Identity())),
			Key:       map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "x"}},
		})
		return err
	}
	throttled := func(err error) bool {
		_, ok := errors.AsType[*types.ProvisionedThroughputExceededException](err)
		return ok
	}
	region := &Region{database: d}

	region.Break(Outage{Throttled: []string{table("Orders").Identity()}})
	assert.True(t, throttled(read("Orders")), "a read of the throttled table")
	require.NoError(t, read("Payments"), "a read of another table")
	region.Break(Outage{Down: true})
	require.ErrorContains(t, read("Payments"), "EOF", "while the database is down")
	region.Break(Outage{})
	require.NoError(t, read("Orders"), "after the outage")
	require.NoError(t, read("Payments"), "after the outage")
}
