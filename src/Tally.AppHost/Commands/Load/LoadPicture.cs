using System.Globalization;
using System.Net;
using System.Text;

namespace Tally.AppHost.Commands.Load;

/// <summary>Rate against latency as SVG: p50 and p99 by what was asked for, on a logarithmic scale.</summary>
internal static class LoadPicture
{
    private const double Width = 720;
    private const double Height = 360;
    private const double Left = 70;
    private const double Right = 20;
    private const double Top = 40;
    private const double Bottom = 50;
    private const double Least = 0.1;

    /// <summary>The picture.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="steps">The stages.</param>
    public static string Draw(string title, IReadOnlyList<LoadStep> steps)
    {
        var drawn = steps.Where(step => step.Answered > 0).OrderBy(step => step.Rate).ToArray();
        var most = drawn.Length == 0 ? 1 : drawn.Max(step => step.Rate);
        var decades = drawn.Length == 0 ? 1 : Math.Max(1, (int)Math.Ceiling(Math.Log10(drawn.Max(step => step.Latency.P99.TotalMilliseconds) / Least)));
        title = WebUtility.HtmlEncode(title);
        var svg = new StringBuilder();
        Line(svg, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" role="img" aria-label="{title}">""");
        Line(svg, """
            <style>
              svg { font: 13px system-ui, sans-serif; fill: #222; background: #fff }
              .grid { stroke: #ddd } .p50 { stroke: #0072b2; fill: #0072b2 } .p99 { stroke: #d55e00; fill: #d55e00; stroke-dasharray: 6 3 }
              polyline { stroke-width: 2; fill: none !important } circle { stroke: none }
              @media (prefers-color-scheme: dark) { svg { fill: #ddd; background: #111 } .grid { stroke: #333 } .p50 { stroke: #56b4e9; fill: #56b4e9 } .p99 { stroke: #e69f00; fill: #e69f00 } }
            </style>
            """);
        Line(svg, $"""<text x="{Left}" y="22">{title}</text>""");
        for (var decade = 0; decade <= decades; decade++)
        {
            var y = Y(Least * Math.Pow(10, decade), decades);
            Line(svg, $"""<line class="grid" x1="{Left}" y1="{y:0.#}" x2="{Width - Right}" y2="{y:0.#}"/><text x="{Left - 8}" y="{y + 4:0.#}" text-anchor="end">{Least * Math.Pow(10, decade):0.###} ms</text>""");
        }

        foreach (var rate in Enumerable.Range(0, 5).Select(part => most * part / 4))
        {
            Line(svg, $"""<text x="{X(rate, most):0.#}" y="{Height - Bottom + 20}" text-anchor="middle">{rate:#,0}</text>""");
        }

        Line(svg, $"""<text x="{(Left + Width - Right) / 2}" y="{Height - 10}" text-anchor="middle">calls a second that were asked for</text>""");
        Curve(svg, "p50", drawn, step => step.Latency.P50, most, decades);
        Curve(svg, "p99", drawn, step => step.Latency.P99, most, decades);
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    private static void Curve(StringBuilder svg, string name, LoadStep[] steps, Func<LoadStep, TimeSpan> latency, double most, int decades)
    {
        var points = steps.Select(step => (X: X(step.Rate, most), Y: Y(latency(step).TotalMilliseconds, decades), Step: step)).ToArray();
        Line(svg, $"""<polyline class="{name}" points="{string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#},{point.Y:0.#}")))}"/>""");
        foreach (var (x, y, step) in points)
        {
            Line(svg, $"""<circle class="{name}" cx="{x:0.#}" cy="{y:0.#}" r="3.5"><title>{step.Rate:#,0}/s asked for, {step.AnsweredRate:#,0}/s answered: {name} {latency(step).TotalMilliseconds:0.0} ms</title></circle>""");
        }

        if (points.Length > 0)
        {
            Line(svg, $"""<text x="{points[^1].X - 6:0.#}" y="{points[^1].Y - 8:0.#}" text-anchor="end">{name}</text>""");
        }
    }

    private static double X(double rate, double most) => Left + (rate / most * (Width - Left - Right));

    private static double Y(double milliseconds, int decades) =>
        Height - Bottom - (Math.Log10(Math.Max(Least, milliseconds) / Least) / decades * (Height - Top - Bottom));

    private static void Line(StringBuilder svg, FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static void Line(StringBuilder svg, string line) => svg.Append(line).Append('\n');
}
