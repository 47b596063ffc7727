package threads

import "time"

// Seed is the threads of a new store in memory.
var Seed = []Thread{
	{ID: "019cbf28-1100-7000-8000-000000000001", Title: "Which bridge is worth a detour?", Author: "ada", Created: march(5, 18, 0)},
	{
		ID: "019cd13c-0ea0-7000-8000-000000000002", Title: "What do you bake when the oven is already hot?", Author: "bruno",
		Created: march(9, 6, 15),
	},
	{ID: "019cee13-c900-7000-8000-000000000003", Title: "A valve radio that hums at fifty hertz", Author: "chidi", Created: march(14, 20, 40)},
}

func march(day, hour, minute int) time.Time {
	return time.Date(2026, time.March, day, hour, minute, 0, 0, time.UTC)
}
