namespace Tally.AppHost.Commands.Output;

/// <summary>A table without a look.</summary>
internal sealed record TextTable(params IReadOnlyList<Column> Columns)
{
    private readonly List<IReadOnlyList<string>> _rows = [];

    public IReadOnlyList<IReadOnlyList<string>> Rows => _rows;

    /// <summary>Adds a row: one cell a column.</summary>
    public TextTable Add(params IReadOnlyList<string> cells)
    {
        _rows.Add(cells);
        return this;
    }
}

/// <summary>A column; numbers stand to the right.</summary>
internal readonly record struct Column(string Name, bool ToTheRight = false);
