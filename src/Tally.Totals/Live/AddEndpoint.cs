using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Tally.Contracts.V1;

namespace Tally.Totals.Live;

/// <summary>
/// <c>POST /api/add</c>: passes two numbers on to a Calculator, unchanged, for the form on the live page. Whoever calls from a program asks the Calculator
/// itself.
/// </summary>
internal sealed class AddEndpoint : IDisposable
{
    private const int MostBytes = 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly List<GrpcChannel> _channels;
    private readonly bool _hostsAreChecked;
    private int _preferred;

    public AddEndpoint(IOptions<TotalsOptions> options, IConfiguration configuration, TimeProvider time)
    {
        _time = time;
        _hostsAreChecked = configuration["AllowedHosts"] is { Length: > 0 } and not "*";
        _channels = [.. options.Value.CalculatorAddresses().Select(static address => GrpcChannel.ForAddress(address))];
    }

    public async Task AnswerAsync(HttpContext context) => await (await AddAsync(context)).ExecuteAsync(context);

    public void Dispose() => _channels.ForEach(static channel => channel.Dispose());

    private async Task<IResult> AddAsync(HttpContext context)
    {
        if (IsForeign(context))
        {
            return TypedResults.Problem("Another site's page must not add.", statusCode: StatusCodes.Status403Forbidden);
        }

        if (!context.Request.HasJsonContentType())
        {
            return TypedResults.Problem("""Send a JSON object like {"a": "1", "b": "2", "key": "a text that no other request has"}.""", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MostBytes;
        }

        AddBody? body;
        try
        {
            // As UTF-8, whatever charset the header claims: JSON has no other.
            body = await JsonSerializer.DeserializeAsync(context.Request.Body, AddJson.Default.AddBody, context.RequestAborted);
        }
        catch (JsonException)
        {
            return TypedResults.Problem("""The body is no JSON object like {"a": "1", "b": "2", "key": "a text that no other request has"}.""", statusCode: StatusCodes.Status400BadRequest);
        }
        catch (BadHttpRequestException refused)
        {
            return TypedResults.Problem($"The body may have {MostBytes} bytes.", statusCode: refused.StatusCode);
        }

        // With a key it's stored once, however often it is sent and to whomever.
        return string.IsNullOrEmpty(body?.Key)
            ? TypedResults.Problem("\"key\" is missing: a text that no other request has, so that this one can be sent again.", statusCode: StatusCodes.Status400BadRequest)
            : await AskAsync(new AddRequest { A = body.A ?? "", B = body.B ?? "", IdempotencyKey = body.Key }, context.RequestAborted);
    }

    /// <summary>Asks one Calculator after the other while they can't be reached.</summary>
    private async Task<IResult> AskAsync(AddRequest request, CancellationToken cancellationToken)
    {
        var deadline = _time.GetUtcNow().UtcDateTime + Patience;
        var first = Volatile.Read(ref _preferred);
        for (var i = 0; i < _channels.Count; i++)
        {
            var at = (first + i) % _channels.Count;
            try
            {
                var reply = await new Calculator.CalculatorClient(_channels[at]).AddAsync(request, deadline: deadline, cancellationToken: cancellationToken);
                Volatile.Write(ref _preferred, at);
                return TypedResults.Json(new AddAnswer(reply.Result, reply.Position.Shard, reply.Position.Sequence), AddJson.Default.AddAnswer);
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable && i < _channels.Count - 1)
            {
                // The next one may answer.
            }
            catch (RpcException failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return failure.StatusCode switch
                {
                    // These say what was wrong with the request, in words made for its caller.
                    StatusCode.InvalidArgument or StatusCode.OutOfRange => TypedResults.Problem(failure.Status.Detail, statusCode: StatusCodes.Status400BadRequest),
                    StatusCode.ResourceExhausted => TypedResults.Problem("Too many calls wait; try again later.", statusCode: StatusCodes.Status429TooManyRequests),
                    StatusCode.DeadlineExceeded => TypedResults.Problem("There was no answer in time; send it again with the same key.", statusCode: StatusCodes.Status504GatewayTimeout),
                    _ => TypedResults.Problem("The Calculator can't store it now; send it again with the same key.", statusCode: StatusCodes.Status503ServiceUnavailable),
                };
            }
        }

        return TypedResults.Problem("Totals:Calculators names nobody who could add.", statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>
    /// Browsers name the page's site; programs name none. A name that somebody's name server leads to this machine is that somebody's site (DNS rebinding), unless
    /// AllowedHosts lists it, as for a proxy that is on the same machine.
    /// </summary>
    private bool IsForeign(HttpContext context) =>
        context.Request.Headers.Origin is [{ } origin]
        && (!Uri.TryCreate(origin, UriKind.Absolute, out var site)
            || site.Authority != context.Request.Host.Value
            || (!_hostsAreChecked && !site.IsLoopback && context.Connection.LocalIpAddress is { } local && IPAddress.IsLoopback(local)));
}

/// <summary>What the form sends.</summary>
/// <param name="A">The first number.</param>
/// <param name="B">The second number.</param>
/// <param name="Key">The idempotency key.</param>
internal sealed record AddBody(string? A, string? B, string? Key);

/// <summary>Where the result is stored.</summary>
/// <param name="Result">The sum.</param>
/// <param name="Shard">The shard.</param>
/// <param name="Sequence">Its sequence: it's in the total when the shard is that far.</param>
internal sealed record AddAnswer(string Result, int Shard, long Sequence);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AddBody))]
[JsonSerializable(typeof(AddAnswer))]
internal sealed partial class AddJson : JsonSerializerContext;
