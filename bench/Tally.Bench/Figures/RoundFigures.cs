namespace Tally.Bench.Figures;

/// <summary>What the rounds of a bench gave, by name, in the order in which names came up.</summary>
internal sealed class RoundFigures
{
    private readonly Dictionary<string, (string Unit, List<double> Values)> _figures = new(StringComparer.Ordinal);

    /// <summary>A figure's value in each round.</summary>
    public IReadOnlyList<double> this[string name] => _figures[name].Values;

    public void Add(string name, double value, string unit)
    {
        if (!_figures.TryGetValue(name, out var figure))
        {
            _figures[name] = figure = (unit, []);
        }

        figure.Values.Add(value);
    }

    /// <summary>Adds a figure that every round has.</summary>
    public void AddAll(string name, IEnumerable<double> values, string unit)
    {
        foreach (var value in values)
        {
            Add(name, value, unit);
        }
    }

    /// <summary>Where the rounds stand so far, for whoever waits.</summary>
    public string Last() => string.Join(", ", _figures.Select(figure => $"{figure.Key} {figure.Value.Values[^1]:N2}"));

    public Dictionary<string, Figure> ToFigures() =>
        _figures.ToDictionary(figure => figure.Key, figure => Figure.Of(figure.Value.Values, figure.Value.Unit), StringComparer.Ordinal);
}
