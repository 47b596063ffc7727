package posts

import "time"

// The ids of the seed's threads.
const (
	bridges = "019cbf28-1100-7000-8000-000000000001"
	baking  = "019cd13c-0ea0-7000-8000-000000000002"
	radios  = "019cee13-c900-7000-8000-000000000003"
)

// Seed is the posts of a new store in memory.
var Seed = []Post{
	{
		ID: "019cbf29-e5c0-7000-8000-000000000001", Thread: bridges, Author: "ada",
		Body: "The covered one at Lucerne, early, before the boats. It creaks like a ship.", Created: march(5, 18, 2),
	},
	{
		ID: "019cbff7-e420-7000-8000-000000000002", Thread: bridges, Author: "chidi",
		Body: "Any that still has a toll house. I always look for the wires.", Created: march(5, 21, 47),
	},
	{
		ID: "019cc1fb-5540-7000-8000-000000000003", Thread: bridges, Author: "mei", Body: "Kintaikyo, in the rain. Nobody else will be there.",
		Created: march(6, 7, 10),
	},
	{
		ID: "019cd140-a280-7000-8000-000000000004", Thread: baking, Author: "bruno",
		Body: "Seeded crackers from the leftover dough. Ten minutes, and they keep for a week.", Created: march(9, 6, 20),
	},
	{
		ID: "019cd27c-7de0-7000-8000-000000000005", Thread: baking, Author: "ada",
		Body: "Apples, whole, with a spoon of honey in each. The bees insist.", Created: march(9, 12, 5),
	},
	{
		ID: "019cee17-7280-7000-8000-000000000006", Thread: radios, Author: "chidi",
		Body: "The capacitors are new and the earth is sound. What have I overlooked?", Created: march(14, 20, 44),
	},
	{
		ID: "019cf0d5-a820-7000-8000-000000000007", Thread: radios, Author: "mei",
		Body: "Turn the mains transformer by a quarter. Mine hummed until it stood across.", Created: march(15, 9, 31),
	},
}

func march(day, hour, minute int) time.Time {
	return time.Date(2026, time.March, day, hour, minute, 0, 0, time.UTC)
}
