package test

import (
	"errors"
	"fmt"
	"testing"

	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
)

// Tables outlive mistakes: of an item, of a stack, of a deletion. They are encrypted
// under a key of KMS, whose use CloudTrail records.
func TestTablesAreKept(t *testing.T) {
	assert.NoError(t, checkTables(at(t, allLive)))
}

func TestTableMutants(t *testing.T) {
	id := startingWith(at(t, allLive), "AWS::DynamoDB::GlobalTable", "AlphaTable").LogicalID
	for name, edit := range map[string]func(table, properties map[string]any){
		"deleted with its stack": func(table, _ map[string]any) { table["DeletionPolicy"] = "Delete" },
		"deleted when replaced":  func(table, _ map[string]any) { table["UpdateReplacePolicy"] = "Delete" },
		"a key of no record":     func(_, properties map[string]any) { delete(properties, "SSESpecification") },
		"can be deleted": func(_, properties map[string]any) {
			properties["Replicas"].([]any)[0].(map[string]any)["DeletionProtectionEnabled"] = false
		},
		"cannot be restored": func(_, properties map[string]any) {
			delete(properties["Replicas"].([]any)[0].(map[string]any), "PointInTimeRecoverySpecification")
		},
	} {
		mutant := mutated(t, allLive, "Data", func(resources map[string]any) {
			table := resources[id].(map[string]any)
			edit(table, table["Properties"].(map[string]any))
		})
		assert.Error(t, checkTables(mutant), "%s: mutant passed the check", name)
	}
}

func checkTables(stage *assembly.Stage) error {
	var errs []error
	for _, table := range stage.Tables {
		p, err := into[struct {
			BillingMode      string
			SSESpecification struct {
				SSEEnabled bool
				SSEType    string
			}
			Replicas []struct {
				DeletionProtectionEnabled        bool
				PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
				SSESpecification                 any
			}
		}](table.Properties)
		if err != nil || len(p.Replicas) != 1 {
			errs = append(errs, errors.Join(fmt.Errorf("%s has %d replicas, want 1", table.LogicalID, len(p.Replicas)), err))
			continue
		}
		replica, name := p.Replicas[0], table.LogicalID
		errs = append(errs,
			equal(name+": DeletionPolicy", "Retain", table.DeletionPolicy),
			equal(name+": UpdateReplacePolicy", "Retain", table.UpdateReplacePolicy),
			equal(name+": BillingMode", "PAY_PER_REQUEST", p.BillingMode),
			equal(name+": SSEEnabled", true, p.SSESpecification.SSEEnabled),
			equal(name+": SSEType", "KMS", p.SSESpecification.SSEType),
			equal(name+": the replica's SSESpecification", nil, replica.SSESpecification),
			equal(name+": DeletionProtectionEnabled", true, replica.DeletionProtectionEnabled),
			equal(name+": PointInTimeRecoveryEnabled", true, replica.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled),
		)
	}
	return errors.Join(errs...)
}
