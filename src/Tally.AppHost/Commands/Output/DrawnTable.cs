using Spectre.Console;

namespace Tally.AppHost.Commands.Output;

/// <summary>A table with lines, for terminals. In a class of its own, so that commands without a table don't load Spectre.Console.</summary>
internal static class DrawnTable
{
    private const int LinesPerColumn = 3;

    public static void Write(TextTable table, TextWriter writer)
    {
        var console = ConsoleOn(writer);
        if (PlainTable.WidthsOf(table).Sum(width => width + LinesPerColumn) < console.Profile.Width)
        {
            console.Write(Draw(table));
        }
        else
        {
            // Cells that are cut into pieces can't be copied; a terminal wraps long lines better.
            PlainTable.Write(table, writer);
        }
    }

    /// <summary>A terminal, without colours where <c>NO_COLOR</c> says so.</summary>
    public static IAnsiConsole ConsoleOn(TextWriter writer) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } ? AnsiSupport.No : AnsiSupport.Detect,
        Out = new AnsiConsoleOutput(writer),
    });

    public static Table Draw(TextTable table)
    {
        var drawn = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var column in table.Columns)
        {
            var header = new TableColumn($"[bold]{Markup.Escape(column.Name)}[/]").NoWrap();
            drawn.AddColumn(column.ToTheRight ? header.RightAligned() : header);
        }

        foreach (var row in table.Rows)
        {
            drawn.AddRow([.. row.Select(Markup.Escape)]);
        }

        return drawn;
    }
}
