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
		if err != nil || len(p.Replicas) != 1 || !p.Replicas[0].DeletionProtectionEnabled || !p.Replicas[0].PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled ||
			table.DeletionPolicy != "Retain" || table.UpdateReplacePolicy != "Retain" || p.BillingMode != "PAY_PER_REQUEST" ||
			!p.SSESpecification.SSEEnabled || p.SSESpecification.SSEType != "KMS" || p.Replicas[0].SSESpecification != nil {
			errs = append(errs, fmt.Errorf("%s: %+v (%v)", table.LogicalID, table.Resource, err))
		}
	}
	return errors.Join(errs...)
}
