namespace Tally.Telemetry.Hosting;

/// <summary>Says what somebody who mistyped a setting's name probably meant.</summary>
internal static class Spelling
{
    /// <summary>The sentence about a name that isn't one of the known.</summary>
    public static string Unknown(string name, string section, IReadOnlyCollection<string> known)
    {
        var prefix = section.Length == 0 ? "" : section + ":";
        var nearest = Nearest(name, known);
        if (nearest.Length > 0 && Distance(name, nearest) <= Math.Max(1, Math.Min(name.Length, nearest.Length) / 3))
        {
            return $"{prefix}{name} is not a setting; did you mean {prefix}{nearest}?";
        }

        var list = string.Join(", ", known.Order(StringComparer.Ordinal));
        return section.Length == 0 ? $"{name} is not a setting; known sections: {list}." : $"{prefix}{name} is not a setting; known in {section}: {list}.";
    }

    /// <summary>The known name that takes the fewest changes; empty when none is known.</summary>
    public static string Nearest(string name, IEnumerable<string> known) => known.MinBy(candidate => Distance(name, candidate)) ?? "";

    /// <summary>How many letters must be changed, added, removed or swapped with their neighbour. Upper and lower case are the same.</summary>
    public static int Distance(string from, string to)
    {
        var costs = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            for (var j = 0; j <= to.Length; j++)
            {
                costs[i, j] = i == 0 || j == 0 ? i + j : Cheapest(costs, from, to, i, j);
            }
        }

        return costs[from.Length, to.Length];
    }

    private static int Cheapest(int[,] costs, string from, string to, int i, int j)
    {
        var change = Same(from[i - 1], to[j - 1]) ? 0 : 1;
        var cost = Math.Min(Math.Min(costs[i - 1, j] + 1, costs[i, j - 1] + 1), costs[i - 1, j - 1] + change);
        var swapped = i > 1 && j > 1 && Same(from[i - 1], to[j - 2]) && Same(from[i - 2], to[j - 1]);
        return swapped ? Math.Min(cost, costs[i - 2, j - 2] + 1) : cost;
    }

    private static bool Same(char a, char b) => char.ToUpperInvariant(a) == char.ToUpperInvariant(b);
}
