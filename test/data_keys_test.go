package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
)

// Each table and index has the keys that the catalog declares, of strings, because
// DynamoDB refuses a query without equality on the partition key, and an index projects
// all attributes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
func TestTableKeysAreTheCatalogs(t *testing.T) {
	assert.NoError(t, checkKeys(at(t, allLive)))
}

func TestTableKeysMutants(t *testing.T) {
	id := startingWith(at(t, allLive), "AWS::DynamoDB::GlobalTable", "GammaTable").LogicalID
	index := func(table map[string]any, i int) map[string]any {
		return table["GlobalSecondaryIndexes"].([]any)[i].(map[string]any)
	}
	element := func(schema any, i int) map[string]any { return schema.([]any)[i].(map[string]any) }
	for name, edit := range map[string]func(table map[string]any){
		"another partition key":          func(table map[string]any) { element(table["KeySchema"], 0)["AttributeName"] = "tag" },
		"another sort key":               func(table map[string]any) { element(table["KeySchema"], 1)["AttributeName"] = "tag" },
		"a sort key that is not queried": func(table map[string]any) { element(table["KeySchema"], 1)["KeyType"] = "HASH" },
		"a key of numbers":               func(table map[string]any) { element(table["AttributeDefinitions"], 0)["AttributeType"] = "N" },
		"an index by another key": func(table map[string]any) {
			element(index(table, 0)["KeySchema"], 0)["AttributeName"] = "tag"
		},
		"an index in another order": func(table map[string]any) {
			element(index(table, 0)["KeySchema"], 1)["AttributeName"] = "owner"
		},
		"an index in no order": func(table map[string]any) {
			index(table, 0)["KeySchema"] = index(table, 0)["KeySchema"].([]any)[:1]
		},
		"an index of another name": func(table map[string]any) { index(table, 1)["IndexName"] = "by-label" },
		"an index without the attributes": func(table map[string]any) {
			index(table, 0)["Projection"] = map[string]any{"ProjectionType": "KEYS_ONLY"}
		},
		"one index too few": func(table map[string]any) {
			table["GlobalSecondaryIndexes"] = table["GlobalSecondaryIndexes"].([]any)[:1]
		},
		"an index that no catalog declares": func(table map[string]any) {
			extra := maps.Clone(index(table, 0))
			extra["IndexName"] = "extra"
			table["GlobalSecondaryIndexes"] = append(table["GlobalSecondaryIndexes"].([]any), extra)
		},
	} {
		mutant := mutated(t, allLive, "Data", func(resources map[string]any) {
			edit(resources[id].(map[string]any)["Properties"].(map[string]any))
		})
		assert.Error(t, checkKeys(mutant), "%s: mutant passed the check", name)
	}
}

func checkKeys(stage *assembly.Stage) error {
	var errs []error
	tables := map[string]assembly.Table{}
	for _, table := range stage.Tables {
		tables[owner(table)] = table
	}
	for _, s := range fixture.Catalog().All() {
		if s.Table != nil {
			errs = append(errs, checkKeysOf(s.Name, tables[s.Name], *s.Table))
		}
	}
	return errors.Join(errs...)
}

func checkKeysOf(name string, got assembly.Table, declared services.Table) error {
	want := map[string]assembly.Index{}
	for _, i := range declared.Indexes {
		want[i.Name] = assembly.Index{Name: i.Name, Key: assembly.Key{Partition: i.PartitionKey, Sort: i.SortKey}, Projection: "ALL"}
	}
	indexes := map[string]assembly.Index{}
	for _, i := range slices.Concat(got.GlobalIndexes, got.LocalIndexes) {
		indexes[i.Name] = i
	}
	errs := []error{
		equal(name+": key", assembly.Key{Partition: declared.PartitionKey, Sort: declared.SortKey}, got.Key),
		equal(name+": indexes", fmt.Sprint(want), fmt.Sprint(indexes)),
	}
	for attribute, kind := range got.Attributes {
		errs = append(errs, equal(name+": type of "+attribute, "S", kind))
	}
	return errors.Join(errs...)
}
