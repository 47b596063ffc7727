package services

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// In a task of any size that Fargate has, a collector leaves the program half of the memory and
// seven eighths of the CPU.
func TestCollectorFitsEveryTask(t *testing.T) {
	sizes := 0
	for _, cpu := range append(slices.Collect(maps.Keys(fargateMemory)), 256) {
		for memory := 512; memory <= 122880; memory += 512 {
			s := Service{Name: "alpha", Image: Image{Program: "services/alpha"}, CPU: cpu, Memory: memory, Collector: "collector:1"}.complete(nil)
			if s.check() != nil {
				continue
			}
			sizes++
			assert.GreaterOrEqual(t, s.ProgramMemory(), memory/2, "%d CPU units and %d MiB", cpu, memory)
			assert.Equal(t, memory, s.ProgramMemory()+CollectorMemory, "%d CPU units and %d MiB", cpu, memory)
			assert.LessOrEqual(t, CollectorCPU, cpu/8, "%d CPU units and %d MiB", cpu, memory)
		}
	}
	assert.GreaterOrEqual(t, sizes, 50, "sizes that were checked")
}

func TestWithoutCollectorTheProgramHasAllMemory(t *testing.T) {
	for _, s := range completed(t).All() {
		assert.Equal(t, s.Memory, s.ProgramMemory(), s.Name)
	}
}
