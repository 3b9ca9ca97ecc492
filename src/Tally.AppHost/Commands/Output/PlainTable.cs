namespace Tally.AppHost.Commands.Output;

/// <summary>A table in plain text, columns aligned, nothing drawn: what other programs can cut apart.</summary>
internal static class PlainTable
{
    private const string Between = "  ";

    public static void Write(TextTable table, TextWriter writer)
    {
        var widths = WidthsOf(table);
        WriteRow([.. table.Columns.Select(column => column.Name)]);
        foreach (var row in table.Rows)
        {
            WriteRow(row);
        }

        void WriteRow(IReadOnlyList<string> cells) => writer.WriteLine(string.Join(
            Between,
            cells.Select((cell, at) => table.Columns[at].ToTheRight ? cell.PadLeft(widths[at]) : cell.PadRight(widths[at]))).TrimEnd());
    }

    /// <summary>How wide each column must be.</summary>
    public static int[] WidthsOf(TextTable table) =>
        [.. table.Columns.Select((column, at) => table.Rows.Select(row => row[at].Length).Append(column.Name.Length).Max())];
}
