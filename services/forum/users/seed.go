package users

import "time"

// Seed is the users of a new store in memory.
var Seed = []User{
	{ID: "ada", Name: "Ada Fenwick", Bio: "Keeps bees, and a list of every bridge she has crossed on foot.", Created: joined(3)},
	{ID: "bruno", Name: "Bruno Salgado", Bio: "Bakes before sunrise. Ask me about rye.", Created: joined(4)},
	{ID: "chidi", Name: "Chidi Okafor", Bio: "Repairs radios older than he is.", Created: joined(8)},
	{ID: "mei", Name: "Mei Tanaka", Bio: "", Created: joined(12)},
}

func joined(day int) time.Time { return time.Date(2026, time.March, day, 9, 30, 0, 0, time.UTC) }
