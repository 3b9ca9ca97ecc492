using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tally.Contracts.V1;

namespace Tally.Totals.Tests.Support;

/// <summary>A Calculator as Totals sees it: stored sums of one shard, over a real gRPC server. A rewind sends them again, and what is added is sent at once.</summary>
internal sealed class FakeCalculator : IAsyncDisposable
{
    private static readonly ByteString System1 = ByteString.CopyFrom(new Guid("11111111-1111-1111-1111-111111111111").ToByteArray(bigEndian: true));

    private readonly WebApplication _app;
    private readonly FakeRelay _relay;
    private readonly SumSource _kafka;
    private long _epoch = 1;
    private long _epochFirst = 1;

    private FakeCalculator(WebApplication app, SumSource kafka)
    {
        _app = app;
        _kafka = kafka;
        _relay = app.Services.GetRequiredService<FakeRelay>();
        _relay.Send = SendAsync;
        app.Services.GetRequiredService<FakeAdder>().Store = Store;
        Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public string Address { get; }

    public IReadOnlyList<SumComputed> Stored => _relay.Stored;

    public int Rewinds => _relay.Rewinds;

    public IEnumerable<ConfirmRequest> Confirmed => _relay.Confirmed;

    public static async Task<FakeCalculator> StartAsync(SumSource kafka)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(global::System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<FakeRelay>();
        builder.Services.AddSingleton<FakeAdder>();
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapGrpcService<FakeRelay>();
        app.MapGrpcService<FakeAdder>();
        await app.StartAsync();
        return new FakeCalculator(app, kafka);
    }

    /// <summary>Stores a sum, without sending it.</summary>
    public SumComputed Store(decimal value)
    {
        var before = _relay.Stored.Count == 0 ? 0 : decimal.Parse(_relay.Stored[^1].ShardTotal, CultureInfo.InvariantCulture);
        var sum = new SumComputed
        {
            System = System1,
            Epoch = _epoch,
            EpochFirstSequence = _epochFirst,
            Sequence = _relay.Stored.Count + 1,
            Value = value.ToString(CultureInfo.InvariantCulture),
            ShardTotal = (before + value).ToString(CultureInfo.InvariantCulture),
            CommittedAtUnixMicros = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000,
        };
        _relay.Stored = [.. _relay.Stored, sum];
        return sum;
    }

    /// <summary>The database is restored from a copy that holds this many sums, and claimed.</summary>
    public void Restore(int keeping)
    {
        _relay.Stored = [.. _relay.Stored.Take(keeping)];
        _epoch += 10;
        _epochFirst = keeping + 1;
    }

    public Task SendAsync(SumComputed sum) => _kafka.SendAsync(0, Encoding.UTF8.GetBytes("0"), sum.ToByteArray());

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class FakeAdder(FakeRelay relay) : Calculator.CalculatorBase
    {
        public Func<decimal, SumComputed> Store { get; set; } = null!;

        public override async Task<AddReply> Add(AddRequest request, ServerCallContext context)
        {
            if (!decimal.TryParse(request.A, CultureInfo.InvariantCulture, out var a) || !decimal.TryParse(request.B, CultureInfo.InvariantCulture, out var b))
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, $"a or b is no amount: '{request.A}', '{request.B}'"));
            }

            var sum = Store(a + b);
            await relay.Send(sum);
            return new AddReply { Result = sum.Value, Position = new Position { Epoch = sum.Epoch, Sequence = sum.Sequence } };
        }
    }

    private sealed class FakeRelay : Relay.RelayBase
    {
        public volatile IReadOnlyList<SumComputed> Stored = [];

        public Func<SumComputed, Task> Send { get; set; } = static _ => Task.CompletedTask;

        public int Rewinds { get; private set; }

        public ConcurrentQueue<ConfirmRequest> Confirmed { get; } = [];

        public override Task<GetPositionsReply> GetPositions(GetPositionsRequest request, ServerCallContext context)
        {
            var last = Stored is [.., var latest] ? latest : null;
            var at = new ShardPosition { Committed = new Position { Epoch = last?.Epoch ?? 0, Sequence = last?.Sequence ?? 0 }, Relayed = last?.Sequence ?? 0 };
            return Task.FromResult(new GetPositionsReply { System = System1, Shards = { at } });
        }

        public override async Task<RewindReply> Rewind(Position request, ServerCallContext context)
        {
            Rewinds++;
            foreach (var sum in Stored.Skip((int)request.Sequence - 1))
            {
                await Send(sum);
            }

            return new RewindReply();
        }

        public override Task<GetResultReply> GetResult(Position request, ServerCallContext context)
        {
            var sum = Stored.FirstOrDefault(sum => sum.Sequence == request.Sequence) ?? throw new RpcException(new Status(StatusCode.NotFound, "no such result"));
            return Task.FromResult(new GetResultReply { Position = new Position { Epoch = sum.Epoch, Sequence = sum.Sequence }, Event = sum.ToByteString() });
        }

        public override Task<ConfirmReply> Confirm(ConfirmRequest request, ServerCallContext context)
        {
            Confirmed.Enqueue(request);
            return Task.FromResult(new ConfirmReply());
        }

        public override Task<GetBranchReply> GetBranch(Position request, ServerCallContext context)
        {
            var last = Stored.TakeWhile(sum => sum.Epoch <= request.Epoch).LastOrDefault();
            return Task.FromResult(new GetBranchReply
            {
                LastCommon = new Position { Epoch = last?.Epoch ?? 0, Sequence = last?.Sequence ?? 0 },
                ShardTotal = last?.ShardTotal ?? "0",
            });
        }
    }
}
